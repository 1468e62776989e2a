import type { Change } from "../../domain/change.ts";
import type { Environment } from "../../providers/environments/port.ts";
import { hasRunOfRound } from "../../store/runs/runs.ts";
import { agentProcess } from "../agents/run-agent.ts";
import type { Services } from "../services.ts";

/** Whether this round's work has begun in its environment: an agent was started there, or the workspace's plan. */
export async function hasBegun(
  { sql }: Pick<Services, "sql">,
  change: Change,
  environment: Pick<Environment, "id" | "adopt">,
): Promise<boolean> {
  const first = agentProcess({ ...change, continuations: 0 });
  if ((await environment.adopt(first)).state !== "absent") return true;
  return await hasRunOfRound(sql, change.id, environment.id);
}
