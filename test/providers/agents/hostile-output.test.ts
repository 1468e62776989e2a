import { describe, expect, test } from "vitest";
import { claude } from "../../../src/providers/agents/claude.ts";
import { command } from "../../../src/providers/agents/command.ts";
import type { Agent } from "../../../src/providers/agents/port.ts";
import { scripted } from "../../../src/providers/agents/scripted.ts";
import { readClaudeLine, readScriptedLine } from "../../../src/wire/agents/agent-output.ts";
import { startCpuTimer } from "../../support/cpu-time.ts";
import { jobOf, printed, recorded } from "./agent-jobs.ts";

const lines = recorded("claude-success-tool").trim().split("\n");
const resultLine: object = JSON.parse(lines.at(-1) ?? "");

/** The recorded success with fields of its result line replaced; as text, for numbers that JSON.stringify would not write. */
function success(fields: string, without: readonly string[]): string {
  const rest = Object.entries(resultLine).filter(([name]) => !without.includes(name));
  return [...lines.slice(0, -1), JSON.stringify(Object.fromEntries(rest)).replace(/\}$/, `,${fields}}`)].join("\n");
}

describe("amounts that can't be true", () => {
  test.each(["1e12", "-1", "1e308", "1e999", "-1e999", '"NaN"', "{}", "[]", "true", "100001"])(
    "a cost of %s is not counted, and is named",
    (amount) => {
      const { state, session } = claude.outcome(
        jobOf(),
        printed(success(`"total_cost_usd":${amount}`, ["total_cost_usd"])),
      );
      expect(state).toBe("done");
      expect(session.usage).toMatchObject({ costUsd: null, inputTokens: 8_400, outputTokens: 100 });
      expect(session.doubts).toEqual([expect.stringMatching(/^total_cost_usd: /)]);
    },
  );

  test.each(["0", "1e-9", "0.1", "99999", "null"])("a cost of %s is believed", (amount) => {
    const { session } = claude.outcome(jobOf(), printed(success(`"total_cost_usd":${amount}`, ["total_cost_usd"])));
    expect(session.doubts).toBeUndefined();
  });

  test.each(["1180591620717411303424", "1e21", "-5", "0.5", "1e999", '"7"'])("%s tokens are not counted", (amount) => {
    const usage = `"modelUsage":{"opus":{"inputTokens":${amount},"outputTokens":7}}`;
    const { state, session } = claude.outcome(jobOf(), printed(success(usage, ["modelUsage"])));
    expect(state).toBe("done");
    expect(session.usage).toMatchObject({ inputTokens: 0, outputTokens: 7 });
    expect(session.doubts?.[0]).toMatch(/^inputTokens: /);
  });

  test("the scripted agent's are not counted either", () => {
    const costs = [
      '{"type":"cost","usd":1e300,"inputTokens":1,"outputTokens":1}',
      '{"type":"cost","usd":0.5,"inputTokens":1e300,"outputTokens":2}',
      '{"type":"end"}',
    ];
    const { session } = scripted.outcome(jobOf(), printed(costs.join("\n")));
    expect(session.usage).toEqual({ costUsd: 0.5, inputTokens: 1, outputTokens: 3 });
    expect(session.doubts).toEqual(["usd: 1e+300", "inputTokens: 1e+300"]);
  });
});

test("a session id that would be a flag, or can't be stored, is none", () => {
  for (const id of ["--dangerously-skip-permissions", "-c", "a\\u0000b", "", "x".repeat(201), "a b", "\\ud800"]) {
    const line = readClaudeLine(`{"type":"system","subtype":"init","session_id":"${id}"}`);
    expect(line, id).toMatchObject({ type: "system", session_id: null });
  }
});

describe("output that is made to take long", () => {
  const megabyte = 1024 * 1024;
  const fill = (text: string, bytes = 16 * megabyte) => text.repeat(Math.floor(bytes / text.length));
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  const outputs: readonly (readonly [string, string])[] = [
    ["line ends", fill("\n")],
    ["blank lines", fill(" \t\r\n")],
    ["an open fence and line ends", `\`\`\`json\n${fill("\n", megabyte)}`],
    ["fences", fill("```\n")],
    ["fences with spaces", fill("```   \n   ")],
    ["braces", fill("{")],
    ["brackets on one line", fill("[")],
    ["brackets on many lines", fill(`${"[".repeat(60_000)}\n`)],
    [
      "a nested result",
      `{"type":"result","subtype":"success","is_error":false,"structured_output":${nested(3 * megabyte)}}`,
    ],
    ["many small lines", fill('{"type":"system","subtype":""}\n')],
    ["many empty objects", fill("{}\n")],
    ["a list of a million in a message", `{"type":"assistant","message":{"content":[${fill("0,", 7 * megabyte)}0]}}`],
    ["a million findings", `{"verdict":"rejected","findings":[${fill("{},", 7 * megabyte)}{}]}`],
    [
      "a million keys",
      `{"type":"result","modelUsage":{${Array.from({ length: 500_000 }, (_, at) => `"${at}":{}`).join()}}}`,
    ],
    ["NUL characters", fill("\0")],
    ["quotes", fill('"')],
    ["backslashes", `"${fill("\\")}`],
  ];
  const agents: Readonly<Record<string, Agent>> = { claude, command, scripted };

  test.each(outputs)(
    "%s are read within a second, whichever agent prints them",
    { timeout: 60_000 },
    (_what, stdout) => {
      for (const [name, agent] of Object.entries(agents)) {
        for (const role of ["code", "plan", "review"] as const) {
          const cpuMs = startCpuTimer();
          const settings = name === "command" ? { argv: ["x"] } : undefined;
          agent.outcome(jobOf({ role, settings }), printed(stdout, { stderr: stdout }));
          expect(cpuMs(), `${name} as ${role}`).toBeLessThan(1_000);
        }
      }
    },
  );

  test.each([
    [
      "spaces in a command",
      `{"type":"assistant","message":{"content":[{"type":"tool_use","name":"Bash","input":{"command":"a${" ".repeat(64_000)}b"}}]}}`,
    ],
    [
      "line ends in a command",
      `{"type":"assistant","message":{"content":[{"type":"tool_use","name":"Bash","input":{"command":"a${"\\n".repeat(32_000)}b"}}]}}`,
    ],
    ["nesting", `{"type":"assistant","message":{"content":${nested(32_000)}}}`],
    ["spaces", " ".repeat(64_000)],
  ])("a note of %s is made at once", (_what, line) => {
    const cpuMs = startCpuTimer();
    for (const agent of Object.values(agents)) agent.note(line);
    expect(cpuMs()).toBeLessThan(200);
  });
});

test("a summary is cut between characters, so that JSON can keep it", () => {
  const line = `{"type":"say","text":"${"x".repeat(9_998)}😀😀"}\n{"type":"end"}`;
  const outcome = scripted.outcome(jobOf(), printed(line));
  expect(outcome.state === "done" && outcome.result.summary.isWellFormed()).toBe(true);
  expect(readScriptedLine('{"type":"say","text":"a"}')).not.toBeNull();
});
