import { exists } from "../files.ts";
import { readAll } from "./end-processes.ts";
import { environmentLimits } from "./marks/limit-mark.ts";
import { environmentMarker, type Place, realRoot } from "./place.ts";
import type { Remains } from "./port.ts";
import { allProcessFolders, sessionOf } from "./process-folder.ts";
import { processTable } from "./process-table.ts";
import { findMembers } from "./process-tree.ts";

/** Looks at the machine itself; what is left of the environment's own records can only add to what that shows. */
export async function remainsOf(place: Place): Promise<Remains> {
  const sessions = await readAll(await allProcessFolders(place), sessionOf);
  const tree = {
    marker: environmentMarker(place),
    limits: environmentLimits(place),
    roots: [],
    supervisors: [],
    sessions,
    within: await realRoot(place),
  };
  const members = findMembers(await processTable(), { ...tree, seen: new Set() });
  return { folder: await exists(place.root), processes: members.map(({ pid }) => pid) };
}
