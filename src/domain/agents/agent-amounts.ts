// Costs and tokens are what the agent's own program reports, which may be broken or hostile. Impossible amounts are not
// counted: their sum would not fit into its column, and the change would fail.

const mostUsd = 100_000;
const mostTokens = 1e10;

/** Whether a value is a possible cost of one session of an agent, in US dollars. */
export function isUsd(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= mostUsd;
}

/** Whether a value is a possible number of tokens of one session of an agent. */
export function isTokens(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= mostTokens;
}

/** No usage limit lasts longer than a month. */
const longestLimitMs = 35 * 86_400_000;

/** When a usage limit resets, in ms since the epoch, capped: all changes with the agent's credential wait until then. */
export function believedReset(resetsAt: number, now: number): number {
  return Math.min(resetsAt, now + longestLimitMs);
}
