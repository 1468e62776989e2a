import { readFileSync } from "node:fs";
import type { AgentRole } from "../../../src/domain/agents/agent.ts";
import type { AgentJob, ProcessExit } from "../../../src/providers/agents/port.ts";

/** A first round of coding, with whatever is different about it. */
export function jobOf<Role extends AgentRole = "code">(different: Partial<AgentJob<Role>> = {}): AgentJob<Role> {
  return {
    role: "code" as Role,
    prompt: "Add a loading spinner",
    request: "Add a loading spinner",
    sessionId: "8bd052ef-7984-4a6d-b77f-de8420519c12",
    resume: false,
    spent: { costUsd: 0, inputTokens: 0, outputTokens: 0 },
    round: 1,
    stateDirectory: "/srv/fairlead/state",
    settings: undefined,
    credentialsPresent: [],
    ...different,
  };
}

export const now = Date.UTC(2026, 10, 21, 6, 0, 0);

/** What an outcome is decided from, ended with exit status 0 unless said otherwise. */
export function printed(stdout: string, ended: Partial<ProcessExit & { stderr: string }> = {}) {
  const { stderr = "", code = 0, signal = null } = ended;
  return { stdout, stderr, exit: { code, signal }, now };
}

/** Output of a real CLI, from test/fixtures/agents. */
export function recorded(name: string): string {
  return readFileSync(new URL(`../../fixtures/agents/${name}.jsonl`, import.meta.url), "utf8");
}
