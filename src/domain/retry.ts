import type { LastFailure } from "./change.ts";

/**
 * Whether a retry can leave the agent alone: its work was done, and what failed later was neither its work nor something
 * that it can mend.
 */
export function workStands(last: LastFailure | null): boolean {
  if (last === null || ["conflict", "rewritten", "preview"].includes(last.kind)) return false;
  if (last.kind === "environment" && last.task === "preview") return true;
  return last.in === "deployed" || last.in === "approved" || last.in === "merging";
}
