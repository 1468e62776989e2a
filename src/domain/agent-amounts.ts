// What an agent says that it used is an estimate of a program that may be broken or hostile. What can't be true is not
// counted: added up, it would not fit into its column, and the change would fail over it.

const mostUsd = 100_000;
const mostTokens = 1e10;

/** Whether it can be what one conversation with an agent cost, in US dollars. */
export function isUsd(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= mostUsd;
}

/** Whether it can be a number of tokens of one conversation with an agent. */
export function isTokens(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= mostTokens;
}

/** A usage limit may reset by the month at the longest. */
const longestLimitMs = 35 * 86_400_000;

/** When a usage limit resets (ms since the epoch), as far as an agent is believed: changes with its credential wait for it. */
export function believedReset(resetsAt: number, now: number): number {
  return Math.min(resetsAt, now + longestLimitMs);
}
