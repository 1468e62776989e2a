import { fairlead } from "../../../domain/identity.ts";
import { gitOutput } from "../calls/git.ts";
import { trailer } from "../merge/landed.ts";
import type { CommitLine, Standing, StandingRequest } from "../port.ts";
import { isAncestor, needCommit } from "./commits.ts";
import { startOf } from "./diff.ts";
import { fetchMirror, mirroredBranch } from "./fetch.ts";
import type { Mirror } from "./mirror.ts";

/** Compares a branch with its target as that is on the remote now. */
export async function standing(mirror: Mirror, request: StandingRequest, signal?: AbortSignal): Promise<Standing> {
  await fetchMirror(mirror, signal);
  await needCommit(mirror, request.headCommit, signal);
  const target = await mirroredBranch(mirror, request.targetBranch);
  const common = await startOf(mirror, { ...request, target, mergeCommit: null }, signal);
  const base = await laterOf(mirror, common, request);
  const found = target === null ? [] : await unapprovedOn(mirror, target, request);
  const here = new Set(request.made);
  return {
    base,
    unapproved: found.filter(({ commit }) => here.has(commit)),
    unexplained: found.filter(({ commit }) => !here.has(commit)),
  };
}

/**
 * The later one of the merge base and the commit that the branch began with. After the target was rewritten, the merge base is an
 * earlier commit, but the branch still contains commits of the old target up to the one that it began with.
 */
async function laterOf(mirror: Mirror, common: string, { baseCommit, headCommit }: StandingRequest): Promise<string> {
  const isBelow = await isAncestor(mirror, baseCommit, headCommit);
  return isBelow && (await isAncestor(mirror, common, baseCommit)) ? baseCommit : common;
}

const lookedAtMost = 1000;

/** Whether a committer is an agent: their processes commit under such a name (`committerVariables`). */
const isAgents = (name: string, email: string): boolean =>
  email === fairlead.email && name.startsWith(`${fairlead.name} (`);

/**
 * Commits that an agent made, in this checkout or another one, and that came to the target since the branch began without a
 * merge of ours, though nobody was shown them and no other change's branch has them: an agent has pushed to the target itself.
 */
async function unapprovedOn(
  mirror: Mirror,
  target: string,
  { baseCommit, branch, made, shown }: StandingRequest,
): Promise<CommitLine[]> {
  const options = { gitDir: mirror.path };
  const format = `--format=%H%x00%P%x00%cn%x00%ce%x00%(trailers:key=${trailer},valueonly,separator=%x20)%x00%s`;
  const range = [`--max-count=${lookedAtMost}`, target, "--not", baseCommit];
  const output = await gitOutput(["log", format, ...range, "--"], options);
  const commits = output.split("\n").flatMap((line) => {
    const [commit = "", parents = "", name = "", email = "", change = "", subject = ""] = line.split("\0");
    return commit === "" ? [] : [{ commit, parents: parents.split(" "), name, email, change, subject }];
  });
  const here = new Set(made);
  const suspects = commits.filter(({ commit, name, email }) => here.has(commit) || isAgents(name, email));
  if (suspects.length === 0) return [];
  const merged = commits.flatMap(({ parents, change }) => (change === "" ? [] : parents.slice(1)));
  const known = await gitOutput(
    ["for-each-ref", "--format=%(objectname) %(refname)", "refs/fairlead/pushed/"],
    options,
  );
  const others = known.split("\n").flatMap((line) => {
    const [commit = "", ref = ""] = line.split(" ");
    return commit === "" || ref.startsWith(`refs/fairlead/pushed/${branch}/`) ? [] : [commit];
  });
  const explained = await gitOutput(["rev-list", "--ignore-missing", "--stdin"], {
    ...options,
    stdin: [...merged, ...others, ...shown, `^${baseCommit}`].map((line) => `${line}\n`).join(""),
  });
  const accounted = new Set(explained.split("\n"));
  return suspects.flatMap(({ commit, subject }) => (accounted.has(commit) ? [] : [{ commit, subject }]));
}
