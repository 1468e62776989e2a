import { expect, test } from "vitest";
import { asVariables, environment, pidsWith, token, until } from "./support.ts";

const timeoutMs = 20_000;

test("a command's status and output are its result", async () => {
  const here = await environment();
  const both = await here.run(["sh", "-c", "pwd; echo trouble >&2; cat; exit 3"], { timeoutMs, stdin: "given" });
  expect(both).toEqual({ code: 3, stdout: `${here.checkout}\ngiven`, output: expect.stringContaining("trouble\n") });
  expect(await here.run(["sh", "-c", "kill -9 $$"], { timeoutMs })).toMatchObject({ code: null });
  expect(await here.run(["true"], { timeoutMs, stdin: "x".repeat(1_000_000) })).toMatchObject({ code: 0 });
});

test("a program that is not there or may not run is a result too", async () => {
  const here = await environment();
  expect(await here.run(["no-such-program"], { timeoutMs })).toEqual({
    code: 127,
    stdout: "",
    output: "no-such-program was not found on the PATH\n",
  });
  expect(await here.run(["./readme.txt"], { timeoutMs })).toMatchObject({ code: 126 });
  await expect(here.run(["echo", "\0"], { timeoutMs })).rejects.toMatchObject({ code: "COMMAND_INVALID" });
});

test("arguments are never read by a shell", async () => {
  const here = await environment();
  const hostile = ["$(touch pwned)", "`touch pwned`", "; touch pwned", "*", "a\nb"];
  const { stdout } = await here.run(["printf", "%s|", ...hostile], { timeoutMs });
  expect(stdout).toBe(`${hostile.join("|")}|`);
  expect(await here.list("")).not.toContain("pwned");
});

test("of much output the last 64 KiB are kept, and the first 10 MiB of standard output", async () => {
  const here = await environment();
  const script = "process.stdout.write('é'.repeat(8 * 1024 * 1024)); process.stdout.write('\\nthe end\\n')";
  const ran = await here.run(["node", "-e", script], { timeoutMs });
  expect(Buffer.byteLength(ran.output)).toBeLessThanOrEqual(64 * 1024);
  expect(ran.output).toMatch(/^é+\nthe end\n$/);
  expect(Buffer.byteLength(ran.stdout)).toBeLessThanOrEqual(10 * 1024 * 1024);
  expect(ran.stdout).toMatch(/^é+$/);
});

test("a command that takes too long is ended with all that it started", async () => {
  const here = await environment();
  const mark = token();
  const stubborn = `trap "" TERM; setsid sh -c '(trap "" TERM; sleep 300) &' & while :; do sleep 0.05; done`;
  const began = performance.now();
  const ran = here.run(["sh", "-c", stubborn], { timeoutMs: 300, variables: asVariables(mark) });
  await expect(ran).rejects.toMatchObject({ code: "COMMAND_TIMED_OUT" });
  expect(performance.now() - began).toBeLessThan(2_300);
  expect(await pidsWith(mark)).toEqual([]);
});

test("a command is ended when the signal says so", async () => {
  const here = await environment();
  const mark = token();
  const stop = new AbortController();
  const signal = stop.signal;
  const ran = here.run(["sleep", "300"], { timeoutMs, signal, variables: asVariables(mark) }).catch((error) => error);
  await until(async () => (await pidsWith(mark)).length > 0);
  stop.abort(new Error("cancelled"));
  expect(await ran).toMatchObject({ message: "cancelled" });
  expect(await pidsWith(mark)).toEqual([]);
  await expect(here.run(["true"], { timeoutMs, signal })).rejects.toThrow("cancelled");
});

test("what a command leaves running is not waited for", async () => {
  const here = await environment();
  const began = performance.now();
  const ran = await here.run(["sh", "-c", "sleep 300 & echo done"], { timeoutMs });
  expect(ran).toMatchObject({ code: 0, stdout: "done\n" });
  expect(performance.now() - began).toBeLessThan(2_000);
});
