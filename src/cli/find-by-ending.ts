import { IdAmbiguous } from "../domain/faults/cli.ts";

/** The row with this id, or with the only id that ends in it; undefined when there is none. */
export function findByEnding<Row extends { readonly id: string }>(
  rows: readonly Row[],
  given: string,
): Row | undefined {
  const ending = given.toUpperCase();
  const found = ending.length < 4 ? [] : rows.filter(({ id }) => id.endsWith(ending));
  if (found.length > 1) throw new IdAmbiguous(given);
  return found[0];
}
