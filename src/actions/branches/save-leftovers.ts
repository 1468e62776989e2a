import type { EnvironmentRow } from "../../domain/environment.ts";
import { oneLine } from "../../domain/texts/text.ts";
import type { Environment } from "../../providers/environments/port.ts";
import type { SavedTip } from "../../providers/git/port.ts";
import { addNotice } from "../../store/notices.ts";
import { intendResources, noteBranchKept, notePresent } from "../../store/resources.ts";
import type { Services } from "../services.ts";
import { repositoryOf } from "../workspaces/repository-of.ts";
import type { BegunChange } from "./save-work.ts";

/** Saves commits and stashes of an environment that its branch does not have, and adds a notice that says where each is. */
export async function saveLeftovers(
  services: Services,
  row: EnvironmentRow,
  change: BegunChange,
  { environment, signal }: { readonly environment: Environment; readonly signal: AbortSignal },
): Promise<void> {
  const repository = await repositoryOf(services, change);
  const { branchName, baseCommit: base, status } = change;
  const key = row.id.toLowerCase();
  // git allows no branch below an existing one, such as `change/spinner-1a2b3c4d/stash-1`.
  const prefix = `${branchName.replace(/^change\//, "change/saved/")}-${key.slice(-4)}`;
  const request = { base, branch: branchName, key, prefix: status === "rejected" ? null : prefix };
  const { saved, objects } = await repository.saveLeftovers(environment, request, signal);
  await noteBranches(services, row, change, saved);
  for (const { name, branch, commit, subject, tag, submodule, mirrorPath, key: found } of saved) {
    const kept = `in the mirror ${mirrorPath}, as refs/fairlead/saved/${found}/${name}`;
    const where = branch === null ? kept : `as ${branch}`;
    const of = submodule === null ? "" : ` of ${submodule}`;
    const what = tag === null ? `work${of} that is not on its branch` : `the tag ${oneLine(tag, 80)}${of}`;
    const text = `${what} is saved ${where}: ${commit.slice(0, 10)} “${oneLine(subject, 80)}”`;
    await addNotice(services.sql, change.id, "work_saved", text);
    services.log.warn({ change: change.id, name, branch, commit }, "work saved beside the branch");
  }
  if (objects.length > 0) {
    const some = objects.slice(0, 5).join(", ");
    const text = `${objects.length} files that were staged and never committed are kept in the mirror ${repository.mirrorPath}: ${some}`;
    await addNotice(services.sql, change.id, "work_saved", text);
  }
}

/** Records the saved branches as kept: they stay when the change's own branch is deleted. */
async function noteBranches(
  { sql }: Services,
  row: EnvironmentRow,
  change: BegunChange,
  saved: readonly SavedTip[],
): Promise<void> {
  const owner = { environmentId: row.id, changeId: change.id };
  for (const { branch, subject, submodule } of saved) {
    if (branch === null || submodule !== null) continue;
    const resource = [{ kind: "branch", name: branch }] as const;
    await intendResources(sql, owner, resource);
    await notePresent(sql, owner, resource);
    await noteBranchKept(
      sql,
      change.id,
      branch,
      `it has work that is not on the change's branch: ${oneLine(subject, 80)}`,
    );
  }
}
