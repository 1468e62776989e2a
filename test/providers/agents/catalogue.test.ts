import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AgentUnknown } from "../../../src/domain/faults/agents.ts";
import { agentNamed, agentNames } from "../../../src/providers/agents/catalogue.ts";
import { parseAgentSettings } from "../../../src/wire/agents/agent-settings.ts";
import { jobOf, printed } from "./agent-jobs.ts";

test("each agent goes by its own name", () => {
  expect(agentNames).toEqual(["claude", "command", "scripted"]);
  for (const name of agentNames) expect(agentNamed(name).name).toBe(name);
});

test("an unknown agent is refused with the names of the known ones", () => {
  for (const name of ["copilot", "toString", ""]) {
    expect(() => agentNamed(name)).toThrow(AgentUnknown);
    expect(() => agentNamed(name)).toThrow("Choose one of: claude, command, scripted.");
  }
});

describe.each(agentNames)("whatever is printed, %s", (name) => {
  const agent = agentNamed(name);
  const type = fc.constantFrom("system", "assistant", "user", "rate_limit_event", "result", "say", "limit", "end");
  const line = fc.record({ type, message: fc.jsonValue(), rate_limit_info: fc.jsonValue(), resetsAt: fc.double() });
  const output = fc.oneof(fc.string(), fc.json(), line.map(JSON.stringify));

  test("finds a note for it or none, and doesn't throw", () => {
    fc.assert(fc.property(output, (text) => agent.note(text)?.text !== ""));
  });

  test("decides how it ended, and doesn't throw", () => {
    const role = fc.constantFrom("plan", "code", "review");
    const code = fc.option(fc.nat(255));
    fc.assert(
      fc.property(role, fc.array(output), output, code, (role, lines, stderr, code) => {
        const outcome = agent.outcome(jobOf({ role }), printed(lines.join("\n"), { code, stderr }));
        return ["done", "failed", "limited"].includes(outcome.state);
      }),
    );
  });
});

describe("settings", () => {
  test("may be left out where an agent needs none", () => {
    expect(parseAgentSettings("claude", null)).toEqual({
      executable: "claude",
      permissionMode: "bypassPermissions",
      extraArgs: [],
    });
    expect(parseAgentSettings("scripted", undefined)).toEqual({});
  });

  test("that were parsed once are the same when they are parsed again", () => {
    const parsed = parseAgentSettings("scripted", { rounds: [[{ do: "fail" }, { do: "hang" }, { do: "spawn" }]] });
    expect(parseAgentSettings("scripted", parsed)).toEqual(parsed);
  });

  test.each([
    ["claude", { modell: "opus" }, "modell"],
    ["claude", { model: "--resume" }, "model: must begin with a letter or a digit"],
    ["claude", { maxTurns: 0 }, "maxTurns"],
    ["claude", { maxBudgetUsd: -1 }, "maxBudgetUsd"],
    ["claude", { extraArgs: ["--output-format=text"] }, "extraArgs.0: is a flag that Fairlead sets itself"],
    ["claude", { appendSystemPrompt: "a\0b" }, "appendSystemPrompt: must not hold a NUL character"],
    ["command", undefined, "argv"],
    ["command", { argv: [] }, "argv"],
    ["command", { argv: "rm -rf /" }, "argv"],
    ["command", { argv: ["true"], variables: { "A B": "1" } }, "variables"],
    ["command", { argv: ["true"], variables: { FAIRLEAD_ROLE: "1" } }, "variables"],
    ["scripted", { rounds: [] }, "rounds"],
    ["scripted", { rounds: [[{ do: "dance" }]] }, "rounds.0.0.do"],
    ["scripted", { rounds: [[{ do: "write", path: "../x", text: "" }]] }, "rounds.0.0.path: must not have .."],
    ["scripted", { rounds: [[{ do: "delete", path: "/etc/passwd" }]] }, "must be relative to the checkout"],
    ["scripted", { rounds: [[{ do: "write", path: "a/.git/config", text: "" }]] }, "must not have .. or .git"],
    ["scripted", { rounds: [[{ do: "wait", ms: 1e12 }]] }, "rounds.0.0.ms"],
  ])("of %s that don't fit are refused: %j", (name, settings, words) => {
    expect(() => parseAgentSettings(name, settings)).toThrow(
      expect.objectContaining({ code: "AGENT_SETTINGS_INVALID", message: expect.stringContaining(words) }),
    );
  });

  test("of an agent that there is none are refused", () => {
    expect(() => parseAgentSettings("copilot", {})).toThrow(AgentUnknown);
  });
});
