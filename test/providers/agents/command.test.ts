import { describe, expect, test } from "vitest";
import { command } from "../../../src/providers/agents/command.ts";
import { jobOf, printed } from "./agent-jobs.ts";

const settings = { argv: ["/opt/agent", "--fast"], variables: { COLOR: "never" } };

describe("the command of the user's own agent", () => {
  test("is started as it is written, with the request on standard input and in variables", () => {
    expect(command.command(jobOf({ settings, round: 2 }))).toEqual({
      argv: ["/opt/agent", "--fast"],
      stdin: "Add a loading spinner",
      variables: {
        COLOR: "never",
        FAIRLEAD_REQUEST: "Add a loading spinner",
        FAIRLEAD_ROLE: "code",
        FAIRLEAD_ROUND: "2",
        FAIRLEAD_SESSION_ID: "8bd052ef-7984-4a6d-b77f-de8420519c12",
      },
    });
  });

  test("gets the schema of what it is to answer", () => {
    const schema = { type: "object" };
    const planning = command.command(jobOf({ role: "plan", settings, schema }));
    expect(planning.variables.FAIRLEAD_SCHEMA).toBe('{"type":"object"}');
    const reviewing = command.command(jobOf({ role: "review", settings }));
    expect(reviewing.variables.FAIRLEAD_SCHEMA).toContain("verdict");
  });

  test("gets a long request whole on standard input, and its beginning in the variable", () => {
    const prompt = "🙂".repeat(60_000);
    const { stdin, variables } = command.command(jobOf({ settings, prompt }));
    expect(stdin).toBe(prompt);
    expect(Buffer.byteLength(variables.FAIRLEAD_REQUEST ?? "")).toBe(100 * 1024);
    expect(variables.FAIRLEAD_REQUEST).toBe("🙂".repeat(25 * 1024));
    const shifted = command.command(jobOf({ settings, prompt: `a${prompt}` })).variables.FAIRLEAD_REQUEST;
    expect(shifted).toBe(`a${"🙂".repeat(25 * 1024 - 1)}`);
  });

  test("gets no NUL in a variable, and no schema that had to be cut off", () => {
    const schema = { enum: ["x".repeat(110_000)] };
    const { variables } = command.command(jobOf({ role: "plan", settings, prompt: "a\0b", schema }));
    expect(variables.FAIRLEAD_REQUEST).toBe("ab");
    expect(variables).not.toHaveProperty("FAIRLEAD_SCHEMA");
  });
});

describe("how the user's own agent ended", () => {
  test("exit status 0 is done, and the last lines are the summary", () => {
    const long = Array.from({ length: 500 }, (_, index) => `line ${index}`).join("\n\n");
    expect(command.outcome(jobOf(), printed(`${long}\nAll done\n\n`))).toMatchObject({
      state: "done",
      result: { summary: expect.stringMatching(/^line \d+\n(.|\n)*line 499\nAll done$/) },
      session: { id: "8bd052ef-7984-4a6d-b77f-de8420519c12", usage: { costUsd: null } },
    });
  });

  test("a summary has at most 2,000 characters, also when it is one line", () => {
    const outcome = command.outcome(jobOf(), printed("x".repeat(9_000)));
    expect(outcome).toMatchObject({ state: "done", result: { summary: "x".repeat(2_000) } });
  });

  test("a plan is all of the output or its last line", () => {
    for (const stdout of ['{\n  "steps": []\n}\n', 'Thinking…\n{"steps":[]}\n']) {
      expect(command.outcome(jobOf({ role: "plan" }), printed(stdout))).toMatchObject({
        state: "done",
        result: { plan: { steps: [] } },
      });
    }
  });

  test("a review has its verdict and findings", () => {
    const finding = { file: "src/a.ts", line: 3, text: "Off by one" };
    const stdout = JSON.stringify({ verdict: "rejected", findings: [finding] });
    expect(command.outcome(jobOf({ role: "review" }), printed(stdout))).toMatchObject({
      state: "done",
      result: { verdict: "rejected", findings: [finding] },
    });
  });

  test("output that is not the role's result is malformed", () => {
    for (const stdout of ["", "looks good to me", '{"verdict":"fine"}']) {
      expect(command.outcome(jobOf({ role: "review" }), printed(stdout))).toMatchObject({
        trouble: "malformed_result",
        message: expect.stringContaining("verdict"),
      });
    }
  });

  test.each([
    [{ code: 3, stderr: "no such model\n" }, "crashed", "no such model"],
    [{ code: 127 }, "crashed", "Correct `argv`"],
    [{ code: 143 }, "interrupted", "Retry"],
    [{ code: null, signal: "SIGTERM" }, "interrupted", "Retry"],
    [{ code: null, signal: "SIGKILL" }, "crashed", "SIGKILL"],
    [{ code: null, signal: null }, "crashed", "vanished"],
  ] as const)("%o is %s", (ended, trouble, words) => {
    expect(command.outcome(jobOf(), printed("", ended))).toMatchObject({
      state: "failed",
      trouble,
      message: expect.stringContaining(words),
    });
  });
});
