import type { Step } from "./run.ts";

/** The name of an attempt's process: of no other step or attempt that may ever share its environment. */
export function stepProcess({ id, attempt }: Pick<Step, "id" | "attempt">): string {
  return `step-${id.toLowerCase()}-${attempt}`;
}
