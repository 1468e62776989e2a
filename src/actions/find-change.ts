import type { Change } from "../domain/change.ts";
import { ChangeAmbiguous, ChangeUnknown } from "../domain/faults/requests.ts";
import type { ChangeId } from "../domain/ids.ts";
import { findChange as byId, changesEndingIn } from "../store/changes.ts";
import type { Services } from "./services.ts";

/** The change with this id, or with an id that ends in it: people copy the short form from a branch's name. */
export async function findChange({ sql }: Pick<Services, "sql">, id: string): Promise<Change> {
  const name = id.toUpperCase();
  const [only, other] =
    name.length === 26 ? [name as ChangeId] : name.length < 4 ? [] : await changesEndingIn(sql, name);
  if (other !== undefined) throw new ChangeAmbiguous(id);
  const change = only === undefined ? null : await byId(sql, only);
  if (change === null) throw new ChangeUnknown(id);
  return change;
}
