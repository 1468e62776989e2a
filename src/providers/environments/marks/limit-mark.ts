import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Place } from "../place.ts";

/**
 * Two numbers by which a process is recognised as an environment's: the soft and the hard value of a resource limit that Linux
 * does not enforce any more. That is RLIMIT_LOCKS (file locks) or, where that one is set already or the shell can't set it,
 * RLIMIT_RSS (resident set). Every descendant inherits limits, even if it drops its variables or leaves its session, parent or
 * folder; without privileges a hard limit can only be lowered; and every user can read it, in `/proc/PID/limits`.
 */
export interface LimitMark {
  /** The same for all processes of an environment. */
  readonly hard: string;
  /** Identifies one named process of the environment, with its descendants. */
  readonly soft?: string;
}

/** A limit of a process that may be a mark, in the unit in which a shell sets it. */
export interface LimitPair {
  readonly soft: string;
  readonly hard: string;
}

const bits = 50n;
const softBase = 1n << bits;
const hardBase = 1n << (bits + 1n);

export function environmentLimits({ id }: Pick<Place, "id">): LimitMark {
  return { hard: String(hardBase + numberOf(id)) };
}

export function processLimits({ id }: Pick<Place, "id">, name: string): Required<LimitMark> {
  return { hard: String(hardBase + numberOf(id)), soft: String(softBase + numberOf(`${id}/${name}`)) };
}

export function carries(pairs: readonly LimitPair[] | undefined, mark: LimitMark | undefined): boolean {
  if (pairs === undefined || mark === undefined) return false;
  return pairs.some(({ soft, hard }) => hard === mark.hard && (mark.soft === undefined || soft === mark.soft));
}

/** Whether one of them is the mark of some environment. */
export function isMarked(pairs: readonly LimitPair[] | undefined): boolean {
  return pairs?.some(({ hard }) => /^\d{16}$/.test(hard) && BigInt(hard) >> (bits + 1n) === 1n) ?? false;
}

/** What `/proc/PID/limits` says of the two limits, unless they are unlimited. */
export function readLimitPairs(limits: string): LimitPair[] {
  return resources.flatMap(({ name, unit }) => {
    const [, soft = "unlimited", hard = "unlimited"] = new RegExp(`^${name} +(\\S+) +(\\S+)`, "m").exec(limits) ?? [];
    if (soft === "unlimited" || hard === "unlimited") return [];
    return [{ soft: String(BigInt(soft) / unit), hard: String(BigInt(hard) / unit) }];
  });
}

/** The limits by their names in `/proc`, with their options of `ulimit` in dash, bash and busybox. */
const resources = [
  { name: "Max file locks", options: ["w", "x"], unit: 1n },
  { name: "Max resident set", options: ["m"], unit: 1024n },
] as const;

let free: Promise<string> | null = null;

/**
 * The options of `ulimit` that supervise.sh may try, in order. A limit that is set already is not used: the user may have set
 * it, or it is the mark of an environment in which this Fairlead itself runs.
 */
export function freeLimits(): Promise<string> {
  free ??= readFile("/proc/self/limits", "utf8").then(
    (limits) =>
      resources
        .filter(({ name }) => new RegExp(`^${name} +unlimited +unlimited`, "m").test(limits))
        .flatMap(({ options }) => options)
        .join(" "),
    () => "",
  );
  return free;
}

function numberOf(text: string): bigint {
  return BigInt(`0x${createHash("sha256").update(text).digest("hex").slice(0, 16)}`) >> (64n - bits);
}
