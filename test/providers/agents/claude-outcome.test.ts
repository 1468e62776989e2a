import { describe, expect, test } from "vitest";
import { claude } from "../../../src/providers/agents/claude.ts";
import { jobOf, now, printed, recorded } from "./agent-jobs.ts";

const success = recorded("claude-success-tool");

function outcomeOf(name: string, ended: Parameters<typeof printed>[1] = {}, job = jobOf()) {
  return claude.outcome(job, printed(recorded(name), ended));
}

/** The recorded success with fields of its result line changed. */
function successWith(changes: Record<string, unknown>): string {
  return success
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
    .map((line) => JSON.stringify(line.type === "result" ? { ...line, ...changes } : line))
    .join("\n");
}

describe("a run that did its work", () => {
  test("is done, with the summary, the session and the cost that the result line says", () => {
    expect(outcomeOf("claude-success-tool")).toEqual({
      state: "done",
      result: { summary: "All done: the change is complete." },
      session: {
        id: "8bd052ef-7984-4a6d-b77f-de8420519c12",
        total: { costUsd: 0.0132, inputTokens: 8_400, outputTokens: 100 },
        usage: { costUsd: 0.0132, inputTokens: 8_400, outputTokens: 100 },
      },
    });
  });

  test("of a resumed session costs what the session's total has grown by", () => {
    const spent = { costUsd: 0.005, inputTokens: 1_000, outputTokens: 50 };
    expect(outcomeOf("claude-resumed", {}, jobOf({ resume: true, spent })).session).toMatchObject({
      total: { costUsd: 0.01, inputTokens: 2_000, outputTokens: 100 },
      usage: { costUsd: 0.005, inputTokens: 1_000, outputTokens: 50 },
    });
  });

  test("never costs less than nothing, nor makes a session cheaper than it was", () => {
    const spent = { costUsd: 1, inputTokens: 50_000, outputTokens: 10 };
    expect(outcomeOf("claude-success-tool", {}, jobOf({ resume: true, spent })).session).toMatchObject({
      total: { costUsd: 1, inputTokens: 50_000, outputTokens: 100 },
      usage: { costUsd: 0, inputTokens: 0, outputTokens: 90 },
    });
  });

  test("is done too when the process hung after its result and was stopped", () => {
    for (const ended of [
      { code: 143 },
      { code: 137 },
      { code: null, signal: "SIGTERM" },
      { code: null, signal: "SIGKILL" },
    ]) {
      expect(outcomeOf("claude-success-tool", ended)).toMatchObject({ state: "done" });
    }
  });

  test("is not done when the process then ended with an error of its own", () => {
    expect(outcomeOf("claude-success-tool", { code: 1, stderr: "hook failed" })).toMatchObject({
      state: "failed",
      trouble: "crashed",
      message: expect.stringContaining("hook failed"),
    });
  });

  test("is recognised whatever is printed around its result and in whatever order", () => {
    const noise = ['{"type":"from_the_future","x":1}', "plain words", "", '{"type":"result"', "[1]", "null", "\u0000"];
    const reversed = success.trim().split("\n").reverse();
    const output = [...noise, ...reversed, '{"type":"assistant","message":{"content":[{"type":"te'].join("\r\n");
    expect(claude.outcome(jobOf(), printed(output))).toMatchObject({ state: "done" });
  });

  test("is recognised although fields that we know have another form", () => {
    const output = successWith({ modelUsage: { x: { inputTokens: "many" } }, total_cost_usd: null, errors: 3 });
    expect(claude.outcome(jobOf(), printed(output))).toMatchObject({
      state: "done",
      session: { total: { costUsd: null, inputTokens: 0 }, usage: { costUsd: null } },
    });
  });
});

describe("a run that came to nothing", () => {
  test.each([
    ["claude-not-logged-in", { code: 1 }, "not_logged_in", "Log in with `claude` on the server"],
    ["claude-bad-key", { code: 1 }, "not_logged_in", "401"],
    ["claude-overloaded-retries", { code: 1 }, "provider_error", "529 Overloaded"],
    ["claude-max-turns", { code: 1 }, "turn_limit", "Raise maxTurns"],
    ["claude-max-budget", { code: 1 }, "budget_limit", "Raise maxBudgetUsd"],
    ["claude-session-unknown", { code: 1 }, "session_unknown", "begin a new one"],
    ["claude-sigint", { code: 0 }, "interrupted", "Retry"],
    ["claude-permission-denied", { code: 0 }, "permission_denied", "not permitted to use Write"],
  ] as const)("%s: the trouble is named, with what to do", (name, ended, trouble, words) => {
    expect(outcomeOf(name, ended)).toMatchObject({
      state: "failed",
      trouble,
      message: expect.stringContaining(words),
    });
  });

  test("still says what it cost", () => {
    expect(outcomeOf("claude-max-budget", { code: 1 }).session.usage.costUsd).toBe(0.0132);
  });

  test("has no session to resume when the session is unknown", () => {
    expect(outcomeOf("claude-session-unknown", { code: 1 }, jobOf({ resume: true })).session.id).toBeNull();
  });

  test("is an unknown session too when only standard error says so", () => {
    const stderr = "No conversation found with session ID: 1";
    expect(claude.outcome(jobOf(), printed("", { code: 1, stderr }))).toMatchObject({ trouble: "session_unknown" });
  });

  test("has a session to resume when its id is taken", () => {
    const stderr = "Error: Session ID 8bd052ef-7984-4a6d-b77f-de8420519c12 is already in use.";
    expect(claude.outcome(jobOf(), printed("", { code: 1, stderr }))).toMatchObject({
      trouble: "session_taken",
      session: { id: "8bd052ef-7984-4a6d-b77f-de8420519c12" },
    });
  });

  test("is malformed when no attempt at the asked-for form fitted it", () => {
    const changes = { subtype: "error_max_structured_output_retries", is_error: true, result: undefined };
    expect(claude.outcome(jobOf(), printed(successWith(changes), { code: 1 }))).toMatchObject({
      trouble: "malformed_result",
    });
  });

  test("is a crash when its error is none that we know", () => {
    const changes = {
      subtype: "error_during_execution",
      is_error: true,
      terminal_reason: "odd",
      errors: ["odd thing"],
    };
    expect(claude.outcome(jobOf(), printed(successWith(changes), { code: 1 }))).toMatchObject({
      trouble: "crashed",
      message: expect.stringContaining("odd thing"),
    });
  });
});

describe("a usage limit", () => {
  test("says when it resets, in ms", () => {
    expect(outcomeOf("claude-usage-limit", { code: 1 })).toMatchObject({
      state: "limited",
      resetsAt: 1_795_247_931_000,
      message: expect.stringContaining("5-hour limit"),
    });
  });

  test("is asked again in a quarter of an hour when it doesn't say when it resets", () => {
    const withoutEvent = recorded("claude-usage-limit").replaceAll(/^.*"rate_limit_event".*$/gm, "");
    expect(claude.outcome(jobOf(), printed(withoutEvent, { code: 1 }))).toMatchObject({
      state: "limited",
      resetsAt: now + 15 * 60_000,
    });
  });

  test("that was met and got over doesn't spoil a success", () => {
    const event = recorded("claude-usage-limit").match(/^.*"rate_limit_event".*$/m)?.[0];
    expect(claude.outcome(jobOf(), printed(`${event}\n${success}`))).toMatchObject({ state: "done" });
  });

  test("of an API key's requests a minute is the provider's error", () => {
    const changes = { is_error: true, terminal_reason: "api_error", api_error_status: 429, result: "rejected (429)" };
    expect(claude.outcome(jobOf(), printed(successWith(changes), { code: 1 }))).toMatchObject({
      trouble: "provider_error",
    });
  });
});

describe("a run without a result line", () => {
  const begun = success.split("\n").slice(0, 3).join("\n");

  test.each([
    [{ code: 143 }, "interrupted"],
    [{ code: null, signal: "SIGTERM" }, "interrupted"],
    [{ code: 137 }, "crashed"],
    [{ code: null, signal: "SIGKILL" }, "crashed"],
    [{ code: null, signal: null }, "crashed"],
    [{ code: 3, stderr: "segmentation fault" }, "crashed"],
    [{ code: 0 }, "malformed_result"],
  ] as const)("ended by %o is %s", (ended, trouble) => {
    expect(claude.outcome(jobOf(), printed(begun, ended))).toMatchObject({
      state: "failed",
      trouble,
      session: { id: "8bd052ef-7984-4a6d-b77f-de8420519c12", usage: { costUsd: null } },
    });
  });

  test("is malformed when the result line was cut off", () => {
    const cut = success.trimEnd().slice(0, -400);
    expect(claude.outcome(jobOf(), printed(cut))).toMatchObject({ trouble: "malformed_result" });
  });

  test("keeps the session that it was to resume, and what that had cost", () => {
    const spent = { costUsd: 0.5, inputTokens: 10, outputTokens: 20 };
    const { session } = claude.outcome(jobOf({ resume: true, spent }), printed("", { code: 137 }));
    expect(session).toMatchObject({ id: "8bd052ef-7984-4a6d-b77f-de8420519c12", total: spent });
  });

  test("tells how to install the program when it isn't there", () => {
    const stderr = "spawn claude ENOENT";
    expect(claude.outcome(jobOf(), printed("", { code: 127, stderr }))).toMatchObject({
      trouble: "crashed",
      message: expect.stringContaining("npm install -g @anthropic-ai/claude-code"),
    });
  });

  test("passes on why bypassPermissions was refused to root", () => {
    const stderr = "--dangerously-skip-permissions cannot be used with root/sudo privileges for security reasons";
    expect(claude.outcome(jobOf(), printed("", { code: 1, stderr }))).toMatchObject({
      trouble: "crashed",
      message: expect.stringContaining("cannot be used with root"),
    });
  });
});

describe("denied tools", () => {
  const denied = recorded("claude-permission-denied").trim().split("\n");
  const edit = { type: "tool_use", id: "toolu_9", name: "Edit", input: {} };
  const call = JSON.stringify({ type: "assistant", message: { content: [edit] } });
  const answer = (isError: boolean) =>
    JSON.stringify({
      type: "user",
      message: { content: [{ type: "tool_result", tool_use_id: "toolu_9", is_error: isError }] },
    });
  const outcome = (...more: string[]) =>
    claude.outcome(jobOf(), printed([...denied.slice(0, -1), ...more, ...denied.slice(-1)].join("\n")));

  test("that were made good for by another tool are no trouble", () => {
    expect(outcome(call, answer(false))).toMatchObject({ state: "done" });
  });

  test("are trouble when what came after failed as well", () => {
    expect(outcome(call, answer(true))).toMatchObject({ trouble: "permission_denied" });
  });

  test("don't matter to a reviewer who answered", () => {
    const review = JSON.parse(recorded("claude-review").trim().split("\n").at(-1) ?? "");
    const output = [
      ...denied.slice(0, -1),
      JSON.stringify({ ...review, permission_denials: [{ tool_name: "Write" }] }),
    ];
    expect(claude.outcome(jobOf({ role: "review" }), printed(output.join("\n")))).toMatchObject({ state: "done" });
  });
});

describe("the answers of planners and reviewers", () => {
  test("a review is the structured output", () => {
    expect(claude.outcome(jobOf({ role: "review" }), printed(recorded("claude-review")))).toMatchObject({
      state: "done",
      result: { verdict: "approved", findings: [] },
    });
  });

  test("a finding may leave out file and line", () => {
    const output = successWith({ structured_output: { verdict: "rejected", findings: [{ text: "No tests" }] } });
    expect(claude.outcome(jobOf({ role: "review" }), printed(output))).toMatchObject({
      result: { verdict: "rejected", findings: [{ file: null, line: null, text: "No tests" }] },
    });
  });

  test.each([
    ["alone", '{"steps":[1]}'],
    ["in a fence", 'Here is the plan:\n\n```json\n{"steps":[1]}\n```\nGood luck!'],
    ["in a sentence", 'The plan is {"steps":[1]}.'],
    ["on the last line", 'I thought {hard}.\n{"steps":[1]}'],
  ])("a plan is found in the words when it stands there %s", (_, result) => {
    expect(claude.outcome(jobOf({ role: "plan" }), printed(successWith({ result })))).toMatchObject({
      state: "done",
      result: { plan: { steps: [1] } },
    });
  });

  test("words without an answer in them are malformed", () => {
    for (const role of ["plan", "review"] as const) {
      expect(claude.outcome(jobOf({ role }), printed(success))).toMatchObject({ trouble: "malformed_result" });
    }
  });

  test("a verdict that there is none is malformed", () => {
    const output = successWith({ structured_output: { verdict: "maybe", findings: [] } });
    expect(claude.outcome(jobOf({ role: "review" }), printed(output))).toMatchObject({ trouble: "malformed_result" });
  });
});
