import { gitOutput } from "../calls/git.ts";
import { isAncestor, needCommit } from "../mirror/commits.ts";
import type { Mirror } from "../mirror/mirror.ts";
import type { CommitLine, MergeRequest } from "../port.ts";

const shownAtMost = 20;

/**
 * The commits that the branch has from its target and that the target does not have any more: its history was rewritten since,
 * for example to purge a secret, and a merge of the branch would bring them back. Newest first.
 */
export async function commitsBroughtBack(
  mirror: Mirror,
  target: string,
  { baseCommit }: Pick<MergeRequest, "baseCommit">,
): Promise<CommitLine[]> {
  await needCommit(mirror, baseCommit);
  if (await isAncestor(mirror, baseCommit, target)) return [];
  const args = ["log", `--max-count=${shownAtMost}`, "--format=%H %s", baseCommit, "--not", target, "--"];
  const lines = (await gitOutput(args, { gitDir: mirror.path })).split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const [commit = "", ...subject] = line.split(" ");
    return { commit, subject: subject.join(" ") };
  });
}
