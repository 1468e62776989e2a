import { userInfo } from "node:os";
import type { Change } from "../domain/change.ts";
import type { ChangeStatus, EnvironmentStatus } from "../domain/lifecycles.ts";
import { plain } from "./plain.ts";
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
} as const satisfies Record<ChangeStatus | EnvironmentStatus, keyof Colours>;

export function statusWord({ colours }: Screen, status: ChangeStatus | EnvironmentStatus): string {
  return colours[statusColours[status]](status);
}

/** What carries a change on from here, in words. */
export function waitsFor({ id, status, task, targetBranch }: Change): string | null {
  const on = `fairlead approve ${shortId(id)}`;
  return {
    pending: "room among the active changes",
    provisioning: "its environment",
    implementing: task === "preview" ? "its preview" : "the agent",
    deployed: `a person: ${on}, or reject, or request-changes`,
    approved: `its turn to merge into ${targetBranch}`,
    merging: "the merge",
    merged: null,
    rejected: null,
    failed: `nobody; fairlead retry ${shortId(id)} tries again`,
  }[status];
}

/** The ending by which people name an id; a branch's name ends in the same. */
export function shortId(id: string): string {
  return id.slice(-8).toLowerCase();
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
