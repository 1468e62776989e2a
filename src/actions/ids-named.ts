import type { IdOrEnding } from "../domain/ids.ts";

const shortest = 4;

/** The ids that a person may mean, two at the most: with none there is no such thing, and two are not an answer. */
export async function idsNamed<EntityId extends string>(
  name: IdOrEnding<EntityId>,
  endingIn: (ending: string) => Promise<readonly EntityId[]>,
): Promise<readonly EntityId[]> {
  if ("id" in name) return [name.id];
  return name.ending.length < shortest ? [] : await endingIn(name.ending);
}

/** What they wrote, to say it again. */
export function nameOf<EntityId extends string>(name: IdOrEnding<EntityId>): string {
  return "id" in name ? name.id : name.ending;
}
