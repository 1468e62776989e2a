import { nameOf, type Point } from "./matrix/boundaries.ts";

/** The ways that a change can go, each to its own end. */
export const ways = ["merged", "rejected", "failed", "cancelled", "retried"] as const;
export type Way = (typeof ways)[number];

/** How a change stands, as far as the person beside it looks. */
export interface Standing {
  readonly status: string;
  /** Whether its agent has printed something. */
  readonly heard: boolean;
  /** Whether everything that it had has been cleaned up. */
  readonly cleaned: boolean;
  /** How many of its environments there have been. */
  readonly environments: number;
}

export type Word = "approve" | "reject" | "cancel" | "retry";

/** What the person in whose hands a change is does next; by how it stands alone, so nothing is ever said twice. */
export function nextWord(way: Way, { status, heard, cleaned, environments }: Standing): Word | null {
  switch (way) {
    case "merged":
      return status === "deployed" ? "approve" : null;
    case "rejected":
      return status === "deployed" ? "reject" : null;
    case "failed":
      return null;
    case "cancelled":
      return status === "implementing" && heard ? "cancel" : null;
    case "retried":
      if (status === "failed" && cleaned && environments === 1) return "retry";
      return status === "deployed" ? "approve" : null;
  }
}

/** Whether a change stands at the end of its way, with nothing left to do. */
export function isOver(way: Way, standing: Standing): boolean {
  if (!standing.cleaned || nextWord(way, standing) !== null) return false;
  return ["merged", "rejected", "failed"].includes(standing.status);
}

export interface Ending {
  readonly status: string;
  readonly failureKind: string | null;
  /** How often its agent starts. */
  readonly starts: number;
  readonly merges: number;
  /** Whether the branch stays on the remote, with work that is nowhere else. */
  readonly keepsBranch: boolean;
  readonly events: readonly string[];
}

const begun = ["environment.provisioning", "change.provisioning", "change.implementing", "environment.ready"];
const asked = ["change.pending", ...begun];
const shown = ["change.implement_done", "change.deployed"];
const cleaned = ["environment.terminating", "environment.terminated"];
const landed = ["change.approved", "change.merging", "change.merged"];

export const endings: Readonly<Record<Way, Ending>> = {
  merged: {
    status: "merged",
    failureKind: null,
    starts: 1,
    merges: 1,
    keepsBranch: false,
    events: [...asked, ...shown, ...landed, ...cleaned],
  },
  rejected: {
    status: "rejected",
    failureKind: null,
    starts: 1,
    merges: 0,
    keepsBranch: false,
    events: [...asked, ...shown, "change.rejected", ...cleaned],
  },
  failed: {
    status: "failed",
    failureKind: "agent",
    starts: 1,
    merges: 0,
    keepsBranch: true,
    events: [...asked, "change.failed", ...cleaned],
  },
  cancelled: {
    status: "failed",
    failureKind: "cancelled",
    starts: 1,
    merges: 0,
    keepsBranch: true,
    events: [...asked, "change.failed", ...cleaned],
  },
  retried: {
    status: "merged",
    failureKind: null,
    starts: 2,
    merges: 1,
    keepsBranch: false,
    events: [...asked, "change.failed", ...cleaned, "change.pending", ...begun, ...shown, ...landed, ...cleaned],
  },
};

/** The boundary from which on a way is not as another one is; until there they are the same, step by step. */
const partings: Readonly<Record<Way, RegExp | null>> = {
  merged: null,
  rejected: /^after sql update fairlead.change_requests set status = 'deployed'/, // as merged
  failed: /^before environment.start agent-1 #1/, // as merged
  cancelled: /^before environment.start agent-1 #1/, // as merged
  retried: /^before provider.provision #2/, // as failed
};

/** Where in what a worker passed its way parts from another; 0 when it does so from the start. */
export function whereItParts(way: Way, passed: readonly Point[]): number {
  const parting = partings[way];
  return parting === null
    ? 0
    : Math.max(
        0,
        passed.findIndex((point) => parting.test(nameOf(point))),
      );
}
