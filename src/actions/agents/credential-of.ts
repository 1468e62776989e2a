import { createHash } from "node:crypto";
import type { Services } from "../services.ts";

/** The credential that an agent works with: its name, and a mark of its keys that tells them apart and nothing else of them. */
export function credentialOf({ agent: agentNamed, credentials }: Services, name: string): string {
  const agent = agentNamed(name);
  const keys = agent.credentials.flatMap((key) => (credentials[key] === undefined ? [] : [key, credentials[key]]));
  if (keys.length === 0) return agent.name;
  return `${agent.name} ${createHash("sha256").update(keys.join("\0")).digest("hex").slice(0, 8)}`;
}
