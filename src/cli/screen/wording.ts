import { userInfo } from "node:os";
import type { Change } from "../../domain/change.ts";
import type { ChangeStatus, EnvironmentStatus, RunStatus, StepStatus } from "../../domain/lifecycles.ts";
import { plain, plainLine } from "./plain.ts";
import type { Colours, Screen } from "./screen.ts";

const statusColours = {
  pending: "dim",
  provisioning: "cyan",
  implementing: "cyan",
  deployed: "yellow",
  approved: "cyan",
  merging: "cyan",
  merged: "green",
  rejected: "magenta",
  failed: "red",
  ready: "green",
  terminating: "dim",
  terminated: "dim",
  running: "cyan",
  waiting: "yellow",
  succeeded: "green",
  skipped: "dim",
  cancelled: "magenta",
} as const satisfies Record<AnyStatus, keyof Colours>;

type AnyStatus = ChangeStatus | EnvironmentStatus | RunStatus | StepStatus;

export function statusWord({ colours }: Screen, status: AnyStatus): string {
  return colours[statusColours[status]](status);
}

/** A change's status as people call it: one that somebody has cancelled did not fail. Coloured for a screen. */
export function changeWord({ status, failureKind }: Pick<Change, "status" | "failureKind">, screen?: Screen): string {
  if (status === "failed" && failureKind === "cancelled") return screen?.colours.magenta("cancelled") ?? "cancelled";
  return screen === undefined ? status : statusWord(screen, status);
}

/** What carries a change on from here, in words. */
export function waitsFor(change: Change): string | null {
  const { id, status, task, targetBranch, failureKind } = change;
  const on = `fairlead approve ${shortId(id)}`;
  const otherWords = failureKind === "no_changes" ? "ask for it in other words, or " : "";
  const cleanUp = change.lastFailure === null ? "" : "the clean-up of its last environment, or ";
  return {
    pending: `${cleanUp}room among the active changes`,
    provisioning: "its environment",
    implementing: task === "preview" ? "its preview" : agentOrLimit(change),
    deployed: `a person: ${on}, or reject, or request-changes`,
    approved: `its turn to merge into ${plainLine(targetBranch ?? "its target", 300)}`,
    merging: "the merge",
    merged: null,
    rejected: null,
    failed: `${failureKind === "cancelled" ? "nobody" : "a person"}; ${otherWords}fairlead retry ${shortId(id)} ${retryHow(change)}`,
  }[status];
}

function agentOrLimit({ waitsUntil }: Change): string {
  if (waitsUntil === null || waitsUntil.getTime() < Date.now()) return "the agent";
  return `its agent's usage limit, which resets at ${waitsUntil.toISOString()}`;
}

/** What a retry of a change that has failed or was cancelled does. */
export function retryHow({ branchName, headCommit, failureKind }: Change): string {
  const begun = headCommit !== null || (branchName !== null && failureKind !== "no_changes");
  return begun ? "goes on from its branch" : "tries again from the start";
}

/** The command that shows what comes next. */
export function followUp({ id }: Pick<Change, "id">): string {
  return `  npx fairlead log -f ${shortId(id)}   follows it`;
}

/** The ending by which people name an id; a branch's name ends in the same. */
export function shortId(id: string): string {
  return id.slice(-8).toLowerCase();
}

/** A sentence about changes, environments and runs with the short form of their ids; paths keep theirs. */
export function withShortIds(sentence: string): string {
  return sentence.replace(/(?<=\b(?:change|environment|run|run show) )[0-7][0-9A-HJKMNP-TV-Z]{25}\b/g, shortId);
}

/** How long ago, in the largest unit that fits. */
export function age(since: Date, now: number = Date.now()): string {
  const seconds = Math.max(0, Math.round((now - since.getTime()) / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** Who is at the keyboard: the operating system's user. */
export function user(): string {
  try {
    return plain(userInfo().username).slice(0, 200) || "unknown";
  } catch {
    return `uid ${process.getuid?.() ?? "unknown"}`; // a container may run us as somebody who has no name
  }
}
