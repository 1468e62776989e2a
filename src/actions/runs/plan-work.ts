import type { AgentSession, AgentUsage } from "../../domain/agents/agent.ts";
import type { Change } from "../../domain/change.ts";
import { ChangeFailed } from "../../domain/faults/changes.ts";
import { startChangeRun } from "../../store/runs/runs.ts";
import { spentOf, summaryOf } from "../../store/runs/steps.ts";
import type { Services } from "../services.ts";

/** What was done for a change in its environment, by an agent or by a plan. */
export interface Work {
  readonly usage: AgentUsage;
  /** Throws `ChangeFailed` when it came to nothing: after what there is of it has been saved. */
  orFail(): { readonly summary: string; readonly session: AgentSession };
}

/** Begins the plan of the change's workspace, and gives what it did once it has ended; its end calls us again. */
export async function planWork({ sql, log }: Services, change: Change): Promise<Work | null> {
  const run = await startChangeRun(sql, change);
  if (run === null) return null;
  if (run.finishedAt === null) {
    log.info({ run: run.id, plan: run.planId }, "the change's plan is under way");
    return null;
  }
  const usage = await spentOf(sql, run.id);
  const summary = await summaryOf(sql, run.id);
  return {
    usage,
    orFail() {
      if (run.status === "succeeded") return { summary, session: { id: null, total: usage, usage } };
      throw new ChangeFailed("agent", `its plan ${run.planId} ${run.status}: ${run.failureMessage}`);
    },
  };
}
