import { spawn } from "node:child_process";
import { appendFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { execa } from "execa";
import type { PrintedLine } from "../../wire/agents/agent-output.ts";
import type { ScriptStep } from "../../wire/agents/agent-script.ts";
import { pathInside } from "./path-inside.ts";

type StepOf<Do extends ScriptStep["do"]> = Extract<ScriptStep, { do: Do }>;

/** Longer than any limit on an agent; something always kills it before. */
const foreverMs = 24 * 3_600_000;

/** Does one step in a checkout and says so on standard output. Some end the process; one that can't be done throws. */
export async function doStep(checkout: string, step: ScriptStep): Promise<void> {
  // TypeScript can't see that the performer found by a step's `do` takes that very step.
  await (performers[step.do] as (checkout: string, step: ScriptStep) => unknown)(checkout, step);
}

const performers: { readonly [Do in ScriptStep["do"]]: (checkout: string, step: StepOf<Do>) => unknown } = {
  say: (_, { text }) => print({ type: "say", text }),
  wait: (_, { ms }) => wait(ms),
  write: (checkout, step) => change(checkout, step, (file) => writeFile(file, step.text)),
  append: (checkout, step) => change(checkout, step, (file) => appendFile(file, step.text)),
  replace: (checkout, step) => change(checkout, step, (file) => replaceIn(file, step)),
  delete: (checkout, step) => change(checkout, step, (file) => rm(file, { recursive: true })),
  commit,
  fail: (_, { exit, message }) => end(exit, message),
  hang: (_, { ignoreTerm }) => hang(ignoreTerm),
  spawn: (_, { ms }) => leaveBehind(ms),
  limit: (_, { resetsInMs }) => {
    print({ type: "limit", resetsAt: Date.now() + resetsInMs });
    return end(1, "usage limit reached");
  },
  plan: (_, { plan }) => print({ type: "plan", plan }),
  review: (_, { verdict, findings }) => print({ type: "review", verdict, findings }),
  cost: (_, { usd, inputTokens, outputTokens }) => print({ type: "cost", usd, inputTokens, outputTokens }),
  malformed: () => {
    process.stdout.write('{"type":"en');
    return end(0, "");
  },
};

type FileStep = StepOf<"write" | "append" | "replace" | "delete">;

async function change(checkout: string, step: FileStep, effect: (file: string) => Promise<void>): Promise<void> {
  const file = await pathInside(checkout, step.path);
  await mkdir(dirname(file), { recursive: true });
  await effect(file);
  print({ type: "did", text: `${step.do} ${step.path}` });
}

async function replaceIn(file: string, { path, find, with: replacement }: StepOf<"replace">): Promise<void> {
  const before = await readFile(file, "utf8");
  if (!before.includes(find))
    throw new Error(`There is nothing to replace in ${path}: it has no ${JSON.stringify(find)}`);
  // As a function, or `$&` in it would mean something.
  await writeFile(
    file,
    before.replace(find, () => replacement),
  );
}

async function commit(checkout: string, { message }: StepOf<"commit">): Promise<void> {
  const identity = [
    "-c",
    "user.name=Scripted Agent",
    "-c",
    "user.email=scripted@localhost",
    "-c",
    "commit.gpgsign=false",
  ];
  const options = { cwd: checkout, timeout: 60_000 };
  await execa("git", ["add", "--all"], options);
  await execa("git", [...identity, "commit", "--quiet", "-m", message], options);
  print({ type: "did", text: `commit ${message.split("\n")[0]}` });
}

async function hang(ignoreTerm: boolean): Promise<void> {
  if (ignoreTerm) process.on("SIGTERM", () => print({ type: "did", text: "ignored SIGTERM" }));
  print({ type: "did", text: "hang" });
  await wait(foreverMs);
}

function leaveBehind(ms: number): void {
  const child = spawn(process.execPath, ["-e", `setTimeout(() => {}, ${ms})`], { detached: true, stdio: "ignore" });
  child.unref();
  print({ type: "did", text: `spawn ${child.pid}` });
}

/** Lets the output out before the process ends: exit() would cut off what a pipe has not taken yet. */
async function end(status: number, message: string): Promise<never> {
  const said = message === "" ? "" : `${message}\n`;
  await Promise.all([flush(process.stdout, ""), flush(process.stderr, said)]);
  process.exit(status);
}

function flush(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve) => stream.write(text, () => resolve()));
}

function print(line: PrintedLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
