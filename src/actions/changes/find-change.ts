import type { Change } from "../../domain/change.ts";
import { ChangeAmbiguous, ChangeUnknown } from "../../domain/faults/requests.ts";
import type { ChangeId, IdOrEnding } from "../../domain/ids.ts";
import { findChange as byId, changesEndingIn } from "../../store/changes.ts";
import { idsNamed, nameOf } from "../ids-named.ts";
import type { Services } from "../services.ts";

/** The change that is meant. Throws `ChangeUnknown` or `ChangeAmbiguous`. */
export async function findChange({ sql }: Pick<Services, "sql">, name: IdOrEnding<ChangeId>): Promise<Change> {
  const [only, other] = await idsNamed(name, (ending) => changesEndingIn(sql, ending));
  if (other !== undefined) throw new ChangeAmbiguous(nameOf(name));
  const change = only === undefined ? null : await byId(sql, only);
  if (change === null) throw new ChangeUnknown(nameOf(name));
  return change;
}
