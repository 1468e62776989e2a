import type { AgentUsage } from "../agents/agent.ts";
import type { FailureKind } from "../failure.ts";
import { Fault } from "../fault.ts";

/** Ends a stage, and the change with it, in `failed`. */
export class ChangeFailed extends Fault {
  readonly code = "CHANGE_FAILED";
  readonly kind = "conflict";
  readonly failureKind: FailureKind;
  /** What was spent all the same. */
  readonly usage: AgentUsage | undefined;

  constructor(failureKind: FailureKind, message: string, usage?: AgentUsage) {
    super(message);
    this.failureKind = failureKind;
    this.usage = usage;
  }
}
