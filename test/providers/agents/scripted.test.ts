import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { AgentJob, ProcessExit } from "../../../src/providers/agents/port.ts";
import { scripted } from "../../../src/providers/agents/scripted.ts";
import { parseAgentSettings } from "../../../src/wire/agents/agent-settings.ts";
import { jobOf, now } from "./agent-jobs.ts";

// Each process takes a fifth of a second to start, and several times that on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

let checkout: string;

beforeEach(async () => {
  checkout = await mkdtemp(join(tmpdir(), "fairlead-scripted-"));
});

afterEach(async () => {
  await rm(checkout, { recursive: true });
});

/** Starts the agent's real process in the checkout, with nothing in its environment but the PATH. */
function start(job: AgentJob) {
  const { argv, stdin, variables } = scripted.command(job);
  const [program, ...args] = argv;
  return execa(program, args, {
    cwd: checkout,
    input: stdin,
    env: { PATH: process.env.PATH, ...variables },
    extendEnv: false,
    reject: false,
    timeout: 20_000,
    killSignal: "SIGKILL",
  });
}

function jobDoing(steps: readonly object[], different: Partial<AgentJob> = {}): AgentJob {
  return jobOf({ settings: parseAgentSettings("scripted", { rounds: [steps] }), ...different } as Partial<AgentJob>);
}

function outcomeOf(job: AgentJob, ended: { stdout: string; stderr: string; exitCode?: number; signal?: string }) {
  const exit: ProcessExit = { code: ended.exitCode ?? null, signal: ended.signal ?? null };
  return scripted.outcome(job, { stdout: ended.stdout, stderr: ended.stderr, exit, now });
}

async function run(job: AgentJob) {
  return outcomeOf(job, await start(job));
}

const contentOf = (path: string) => readFile(join(checkout, path), "utf8");

describe("a script of changes", () => {
  test("is done in the checkout, step by step, and the last words are the summary", async () => {
    const job = jobDoing([
      { do: "write", path: "src/deep/a.txt", text: "one two one" },
      { do: "replace", path: "src/deep/a.txt", find: "one", with: "$& three" },
      { do: "write", path: "b.txt", text: "b" },
      { do: "delete", path: "b.txt" },
      { do: "wait", ms: 1 },
      { do: "say", text: "Changed a" },
    ]);
    const ended = await start(job);
    expect(ended.stderr).toBe("");
    expect(outcomeOf(job, ended)).toMatchObject({ state: "done", result: { summary: "Changed a" } });
    expect(await contentOf("src/deep/a.txt")).toBe("$& three two one");
    await expect(contentOf("b.txt")).rejects.toThrow("ENOENT");
    expect(ended.stdout.split("\n").map(scripted.note)).toEqual([
      { kind: "tool", text: "write src/deep/a.txt" },
      { kind: "tool", text: "replace src/deep/a.txt" },
      { kind: "tool", text: "write b.txt" },
      { kind: "tool", text: "delete b.txt" },
      { kind: "text", text: "Changed a" },
      null,
    ]);
  });

  test("commits with an identity of its own, whatever the message", async () => {
    await execa("git", ["init", "--quiet"], { cwd: checkout });
    const message = "--amend $(touch x) `y` \"'";
    const outcome = await run(
      jobDoing([
        { do: "write", path: "a", text: "a" },
        { do: "commit", message },
      ]),
    );
    expect(outcome).toMatchObject({ state: "done" });
    const { stdout } = await execa("git", ["log", "--format=%an %s", "--name-only"], { cwd: checkout });
    expect(stdout).toBe(`Scripted Agent ${message}\n\na`);
  });

  test("does the round's own list, and the last list in the rounds after", async () => {
    const rounds = ["one", "two"].map((text) => [{ do: "say", text }]);
    for (const [round, summary] of [
      [1, "one"],
      [2, "two"],
      [9, "two"],
    ] as const) {
      expect(await run(jobOf({ settings: { rounds }, round }))).toMatchObject({ result: { summary } });
    }
  });

  test("without any settings writes the request down", async () => {
    await writeFile(join(checkout, "FAIRLEAD-CHANGES.md"), "- Round 1: Something before\n");
    expect(await run(jobOf({ request: "Add a\nspinner", round: 2 }))).toMatchObject({ state: "done" });
    expect(await contentOf("FAIRLEAD-CHANGES.md")).toBe("- Round 1: Something before\n- Round 2: Add a\n  spinner\n");
    expect(await run(jobOf({ role: "review" }))).toMatchObject({ result: { verdict: "approved", findings: [] } });
    const planned = { summary: "Add a spinner", tasks: [{ title: "Add a spinner" }] };
    const asked = jobOf({ role: "plan", request: "Add a spinner" });
    expect(await run(asked)).toMatchObject({ result: { plan: planned } });
  });

  test("never leaves the checkout by a symbolic link", async () => {
    const outside = await mkdtemp(join(tmpdir(), "fairlead-outside-"));
    await symlink(outside, join(checkout, "link"));
    await symlink(join(outside, "nowhere"), join(checkout, "dangling"));
    for (const path of ["link/a/b.txt", "link", "dangling", "."]) {
      expect(await run(jobDoing([{ do: "write", path, text: "x" }]))).toMatchObject({
        trouble: "crashed",
        message: expect.stringContaining(`${path} leads out of the checkout`),
      });
    }
    await rm(outside, { recursive: true });
  });
});

describe("a script of answers", () => {
  test("a plan and a review are the results of their roles", async () => {
    const plan = { steps: [{ id: "a" }] };
    expect(await run(jobDoing([{ do: "plan", plan }], { role: "plan" }))).toMatchObject({ result: { plan } });
    const review = { verdict: "rejected", findings: [{ file: "a.ts", line: 2, text: "No" }] };
    expect(await run(jobDoing([{ do: "review", ...review }], { role: "review" }))).toMatchObject({ result: review });
  });

  test("a cost is this run's own, and adds to what a resumed session had cost", async () => {
    const cost = { do: "cost", usd: 0.25, inputTokens: 100, outputTokens: 10 };
    const spent = { costUsd: 1, inputTokens: 1_000, outputTokens: 100 };
    const outcome = await run(jobDoing([cost, cost], { resume: true, spent }));
    expect(outcome.session).toMatchObject({
      usage: { costUsd: 0.5, inputTokens: 200, outputTokens: 20 },
      total: { costUsd: 1.5, inputTokens: 1_200, outputTokens: 120 },
    });
  });
});

describe("a script of failures", () => {
  test("fails with the exit status and the message it says", async () => {
    const job = jobDoing([
      { do: "fail", exit: 7, message: "no luck" },
      { do: "write", path: "a", text: "" },
    ]);
    const ended = await start(job);
    expect(ended.exitCode).toBe(7);
    expect(outcomeOf(job, ended)).toMatchObject({ trouble: "crashed", message: expect.stringContaining("no luck") });
    await expect(contentOf("a")).rejects.toThrow("ENOENT");
  });

  test("says which text was not there to be replaced", async () => {
    await writeFile(join(checkout, "a"), "x");
    expect(await run(jobDoing([{ do: "replace", path: "a", find: "y", with: "z" }]))).toMatchObject({
      trouble: "crashed",
      message: expect.stringContaining('There is nothing to replace in a: it has no "y"'),
    });
  });

  test("a limit says when it resets", async () => {
    const before = Date.now();
    const outcome = await run(jobDoing([{ do: "limit", resetsInMs: 60_000 }]));
    expect(outcome).toMatchObject({ state: "limited" });
    const resetsAt = outcome.state === "limited" ? outcome.resetsAt : 0;
    expect(resetsAt).toBeGreaterThanOrEqual(before + 60_000);
    expect(resetsAt).toBeLessThanOrEqual(Date.now() + 60_000);
  });

  test("a malformed end is exit status 0 and no result", async () => {
    const job = jobDoing([{ do: "malformed" }]);
    const ended = await start(job);
    expect(ended.exitCode).toBe(0);
    expect(outcomeOf(job, ended)).toMatchObject({ trouble: "malformed_result" });
  });
});

describe("a script that has to be stopped", () => {
  test("hangs until it is asked to end", async () => {
    const job = jobDoing([{ do: "hang" }]);
    const agent = start(job);
    await printedBy(agent, "hang");
    agent.kill("SIGTERM");
    expect(outcomeOf(job, await agent)).toMatchObject({ trouble: "interrupted" });
  });

  test("may resist that until it is killed", async () => {
    const job = jobDoing([{ do: "hang", ignoreTerm: true }]);
    const agent = start(job);
    await printedBy(agent, '"hang"');
    agent.kill("SIGTERM");
    await printedBy(agent, "ignored SIGTERM");
    agent.kill("SIGKILL");
    expect(outcomeOf(job, await agent)).toMatchObject({ trouble: "crashed" });
  });

  test("leaves a process behind that is not in its group", async () => {
    const ended = await start(jobDoing([{ do: "spawn" }]));
    const pid = Number(ended.stdout.match(/spawn (\d+)/)?.[1]);
    expect(() => process.kill(pid, 0)).not.toThrow();
    expect(() => process.kill(-pid, "SIGKILL")).not.toThrow();
  });
});

/** Waits until a process prints something from now on; the process's own timeout is the deadline. */
function printedBy(agent: ReturnType<typeof start>, words: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let printed = "";
  agent.stdout.on("data", (chunk) => {
    printed += chunk;
    if (printed.includes(words)) resolve();
  });
  agent.stdout.once("end", () => reject(new Error(`The agent ended without printing ${words}`)));
  return promise;
}
