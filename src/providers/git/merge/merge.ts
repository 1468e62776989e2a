import { MergeRefused } from "../../../domain/faults/git.ts";
import { authorVariables } from "../../../domain/identity.ts";
import { redact } from "../../../domain/texts/redact.ts";
import { oneLine } from "../../../domain/texts/text.ts";
import { inTurn } from "../../turns.ts";
import { gitOutput } from "../calls/git.ts";
import { pause } from "../calls/pause.ts";
import { isAncestor, needCommit } from "../mirror/commits.ts";
import { fetchMirror, mirroredBranch, mirroredBranches } from "../mirror/fetch.ts";
import type { Mirror } from "../mirror/mirror.ts";
import { pushRefusal, tryPush } from "../mirror/push.ts";
import { checkBranchName, listRemote, unknownBranch, unreachable } from "../mirror/remote.ts";
import type { MergeRequest, MergeResult } from "../port.ts";
import type { SubmoduleContext } from "../submodules/context.ts";
import { atWorkIn } from "./at-work.ts";
import { findLanded, trailer } from "./landed.ts";
import { mergeTrees } from "./merge-trees.ts";
import { proveMerge } from "./prove.ts";
import { commitsBroughtBack } from "./rewritten.ts";

const attempts = 10;

/**
 * Merges in the mirror, with the attributes that a checkout of the target has, and pushes only if the target still
 * stands where it stood. Throws `BranchUnknown`, `CommitUnknown`, `MergeRefused`, `RepositoryUnreachable`.
 */
export async function merge(
  mirror: Mirror,
  request: MergeRequest,
  context: SubmoduleContext,
  signal: AbortSignal,
): Promise<MergeResult> {
  checkBranchName(request.targetBranch);
  return await inTurn(`merge ${mirror.path} ${request.targetBranch}`, async () => {
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const result = await mergeOnce(mirror, request, context, signal);
      if (result !== "target moved") return result;
      await pause(50 * attempt, signal);
    }
    throw new MergeRefused(request.targetBranch, `the branch moved ${attempts} times while it was being merged`);
  });
}

async function mergeOnce(
  mirror: Mirror,
  request: MergeRequest,
  context: SubmoduleContext,
  signal: AbortSignal,
): Promise<MergeResult | "target moved"> {
  await fetchMirror(mirror, signal);
  const target = await mirroredBranch(mirror, request.targetBranch);
  if (target === null) throw unknownBranch(mirror.url, request.targetBranch, await mirroredBranches(mirror));
  await needCommit(mirror, request.headCommit, signal);

  const landed = await findLanded(mirror, target, request);
  if (landed !== null) return { state: "merged", commit: landed, already: true };
  const commits = await commitsBroughtBack(mirror, target, request);
  if (commits.length > 0) return { state: "rewritten", commits };

  const merged = await mergeTrees(mirror, { target, request, context }, signal);
  if ("files" in merged) return { state: "conflict", files: merged.files };
  const commit = await writeMerge(mirror, { tree: merged.tree, target, request });
  await proveMerge(mirror, { commit, target, targetBranch: request.targetBranch }, context, signal);
  if (!(await request.stillWanted())) return { state: "not wanted" };
  if (!(await pushMerge(mirror, { commit, target, request }, signal))) return "target moved";
  await checkLanded(mirror, commit, request, signal);
  return { state: "merged", commit, already: false };
}

async function writeMerge(
  mirror: Mirror,
  { tree, target, request }: { tree: string; target: string; request: MergeRequest },
): Promise<string> {
  const title = oneLine(request.title) || request.changeId;
  return await gitOutput(["commit-tree", "-p", target, "-p", request.headCommit, "-F", "-", tree], {
    gitDir: mirror.path,
    stdin: `Merge change: ${title}\n\n${trailer}: ${request.changeId}\n`,
    variables: authorVariables(request.author),
  });
}

interface MergePush {
  readonly commit: string;
  /** Where the target has to stand for the push to be taken. */
  readonly target: string;
  readonly request: MergeRequest;
}

/** False when the target had moved. */
async function pushMerge(
  mirror: Mirror,
  { commit, target, request }: MergePush,
  signal: AbortSignal,
): Promise<boolean> {
  const { targetBranch } = request;
  const busy = await atWorkIn(mirror.url, targetBranch);
  if (busy !== null) {
    const reason = `in ${redact(mirror.url)}, a ${busy} of "${targetBranch}" is under way`;
    throw new MergeRefused(targetBranch, reason, "Finish or abort it");
  }
  const result = await tryPush(mirror, { commit, branch: targetBranch, over: target }, signal);
  if (result.code === 0) return true;
  const refusal = pushRefusal(result);
  if (refusal === null) throw unreachable(mirror.url, result);
  if (refusal.moved) return false;
  if (/working (directory|tree)/i.test(refusal.reason)) {
    const advice = `Commit or stash what you have changed in ${redact(mirror.url)}, or check another branch out there`;
    throw new MergeRefused(targetBranch, refusal.reason, advice);
  }
  throw new MergeRefused(targetBranch, refusal.reason);
}

/** A push that was answered with success is believed when the remote shows it. */
async function checkLanded(mirror: Mirror, commit: string, request: MergeRequest, signal: AbortSignal): Promise<void> {
  const { branches } = await listRemote(mirror, request.targetBranch, signal);
  if (branches.get(request.targetBranch) === commit) return;
  await fetchMirror(mirror, signal);
  const now = await mirroredBranch(mirror, request.targetBranch);
  if (now !== null && (await isAncestor(mirror, commit, now))) return;
  throw new MergeRefused(request.targetBranch, "the remote took the push, and yet the branch does not have it");
}
