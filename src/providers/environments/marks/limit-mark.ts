import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Place } from "../place.ts";

/**
 * Two numbers by which a process is recognised as an environment's, as the soft and the hard value of a resource limit
 * that Linux enforces no longer: the number of file locks or, where that limit is in use or the shell can't set it, the
 * resident set. Every descendant inherits a limit, whatever it drops or leaves (variables, session, parent, folder);
 * without privileges a hard limit can only be lowered; and any user may read it, in `/proc/PID/limits`.
 */
export interface LimitMark {
  /** The same for all of an environment. */
  readonly hard: string;
  /** Tells one named process of the environment, and all that it started, from the others. */
  readonly soft?: string;
}

/** The limits of a process that may be marks: soft and hard value, in the unit in which a shell sets them. */
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

/** As `/proc` names them, with the options of `ulimit` in the shells that there are: dash, bash, busybox. */
const resources = [
  { name: "Max file locks", options: ["w", "x"], unit: 1n },
  { name: "Max resident set", options: ["m"], unit: 1024n },
] as const;

let free: Promise<string> | null = null;

/**
 * The options of `ulimit` that supervise.sh may try, in order. A limit that is set already is left alone: it may be the
 * mark of an outer environment, in which this very Fairlead was started, or one that the user has set.
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
