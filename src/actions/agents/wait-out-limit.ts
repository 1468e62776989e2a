import type { AgentOutcome } from "../../domain/agents/agent.ts";
import type { Change } from "../../domain/change.ts";
import { ChangeFailed } from "../../domain/faults/changes.ts";
import type { Environment } from "../../providers/environments/port.ts";
import { limitedUntil, settleLimited, waitForReset } from "../../store/usage-limits.ts";
import type { Services } from "../services.ts";
import { credentialOf } from "./credential-of.ts";
import { agentProcess } from "./run-agent.ts";

/**
 * Lets a change wait, and says so, whose agent has not been started while its credential is known to be used up. Throws
 * `ChangeFailed` where people want to be asked.
 */
export async function waitsForReset(services: Services, change: Change, environment: Environment): Promise<boolean> {
  const until = await limitedUntil(services.sql, credentialOf(services, change.agent));
  if (until === null || (await environment.adopt(agentProcess(change))).state !== "absent") return false;
  if (services.onUsageLimit === "ask") throw asking("The usage limit of its agent is reached.", until);
  const waits = await waitForReset(services.sql, change, until);
  if (waits) services.log.info({ until }, "waits for the usage limit to reset");
  return true;
}

/** Lets a change wait whose agent has met the usage limit, and all others with that credential. */
export async function waitOutLimit(
  services: Services,
  change: Change,
  { resetsAt, message, session }: Extract<AgentOutcome, { state: "limited" }>,
): Promise<void> {
  if (services.onUsageLimit === "ask") throw asking(message, new Date(resetsAt), session.usage);
  const limited = { credential: credentialOf(services, change.agent), resetsAt, session };
  const waits = await settleLimited(services.sql, change, limited);
  if (waits) services.log.info({ resetsAt: new Date(resetsAt) }, "usage limit reached");
}

function asking(message: string, until: Date, usage?: ChangeFailed["usage"]): ChangeFailed {
  return new ChangeFailed("agent", `${message} Retry after ${until.toISOString()}.`, usage);
}
