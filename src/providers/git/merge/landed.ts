import { gitOutput } from "../calls/git.ts";
import { isAncestor } from "../mirror/commits.ts";
import type { Mirror } from "../mirror/mirror.ts";
import type { MergeRequest } from "../port.ts";

export const trailer = "Fairlead-Change";

/**
 * The commit by which a change landed on a target branch that stands at `target`, or null. Our own merge is known by its
 * trailer. Where somebody merged the branch by hand there is none: then it is the first commit of the target's own
 * line that contains the approved one, which after a fast-forward is that one itself.
 */
export async function findLanded(mirror: Mirror, target: string, request: MergeRequest): Promise<string | null> {
  const { headCommit, changeId } = request;
  // An earlier round of this change may have landed; what counts is the commit that was approved now.
  if (!(await isAncestor(mirror, headCommit, target))) return null;
  const since = await descendants(mirror, headCommit, target);
  const ours = since.find(({ changes }) => changes.includes(changeId));
  return ours?.commit ?? (await mergedByHand(mirror, target, { headCommit, since: since.map(({ commit }) => commit) }));
}

async function descendants(mirror: Mirror, older: string, newer: string) {
  const format = `--format=%H %(trailers:key=${trailer},valueonly,separator=%x20)`;
  const output = await gitOutput(["log", format, "--ancestry-path", `${older}..${newer}`], { gitDir: mirror.path });
  return output
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [commit = "", ...changes] = line.split(" ");
      return { commit, changes };
    });
}

async function mergedByHand(
  mirror: Mirror,
  target: string,
  { headCommit, since }: { headCommit: string; since: readonly string[] },
): Promise<string> {
  const args = ["rev-list", "--first-parent", "--parents", target, `^${headCommit}`];
  const ownLine = (await gitOutput(args, { gitDir: mirror.path })).split("\n").map((line) => line.split(" "));
  const containing = new Set(since);
  const [commit, firstParent] = ownLine.findLast(([name]) => name !== undefined && containing.has(name)) ?? [];
  return commit === undefined || firstParent === headCommit ? headCommit : commit;
}
