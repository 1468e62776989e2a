import { createHash } from "node:crypto";
import type { AgentOutcome } from "../domain/agent.ts";
import type { Change } from "../domain/change.ts";
import { ChangeFailed } from "../domain/faults/changes.ts";
import type { Environment } from "../providers/environments/port.ts";
import { limitedUntil, settleLimited, waitForReset } from "../store/usage-limits.ts";
import { agentProcess } from "./run-agent.ts";
import type { Services } from "./services.ts";

/**
 * Whether this round's agent may start or has been started: false when its credential is known to be used up, and then
 * the change waits for the reset. Throws `ChangeFailed` where people want to be asked.
 */
export async function mayRun(services: Services, change: Change, environment: Environment): Promise<boolean> {
  const until = await limitedUntil(services.sql, credentialOf(services, change));
  if (until === null || (await environment.adopt(agentProcess(change))).state !== "absent") return true;
  if (services.onUsageLimit === "ask") throw asking("The usage limit of its agent is reached.", until);
  await waitForReset(services.sql, change, until);
  services.log.info({ until }, "waits for the usage limit to reset");
  return false;
}

/** Lets a change wait whose agent has met the usage limit, and all others with that credential. */
export async function waitOutLimit(
  services: Services,
  change: Change,
  { resetsAt, message, session }: Extract<AgentOutcome, { state: "limited" }>,
): Promise<void> {
  if (services.onUsageLimit === "ask") throw asking(message, new Date(resetsAt), session.usage);
  await settleLimited(services.sql, change, { credential: credentialOf(services, change), resetsAt, session });
  services.log.info({ resetsAt: new Date(resetsAt) }, "usage limit reached");
}

function asking(message: string, until: Date, usage?: ChangeFailed["usage"]): ChangeFailed {
  return new ChangeFailed("agent", `${message} Retry after ${until.toISOString()}.`, usage);
}

/** Which account an agent works on: its name, and a mark of its keys that tells them apart and nothing else of them. */
function credentialOf({ agent: agentNamed, credentials }: Services, change: Change): string {
  const agent = agentNamed(change.agent);
  const keys = agent.credentials.flatMap((name) => (credentials[name] === undefined ? [] : [name, credentials[name]]));
  if (keys.length === 0) return agent.name;
  return `${agent.name} ${createHash("sha256").update(keys.join("\0")).digest("hex").slice(0, 8)}`;
}
