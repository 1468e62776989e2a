import type { AgentRole } from "../agents/agent.ts";
import type { WaitFor } from "./plan.ts";

/** What of a step decides which outputs it has. */
export type OutputSource =
  | { readonly kind: "command"; readonly outputs: readonly string[] }
  | { readonly kind: "agent"; readonly role: AgentRole }
  | { readonly kind: "wait"; readonly wait: { readonly for: WaitFor["for"] } }
  | { readonly kind: "plan" };

const ofRole = {
  code: ["summary", "commits", "head"],
  plan: ["plan"],
  review: ["verdict", "findings"],
} as const satisfies Record<AgentRole, readonly string[]>;

const ofWait = {
  approval: ["by", "note"],
  choice: ["choice", "by", "note"],
  answer: ["answer", "by", "note"],
  time: [],
} as const satisfies Record<WaitFor["for"], readonly string[]>;

/** The names that `${steps.<id>.outputs.<name>}` may have for a step: a command's own, or those of its kind. */
export function outputNames(step: OutputSource): readonly string[] {
  if (step.kind === "command") return step.outputs;
  if (step.kind === "agent") return ofRole[step.role];
  return step.kind === "wait" ? ofWait[step.wait.for] : [];
}
