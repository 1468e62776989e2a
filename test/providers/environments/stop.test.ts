import { stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { asVariables, ended, environment, pidsWith, text, token, until } from "./support.ts";

/** Leaves its parent, its session and its terminal behind, the way daemons do, and ignores TERM. */
const daemon = (body: string) => `setsid sh -c '(trap "" TERM; ${body}) & ' &`;

test("a process that ends on TERM is given the time to do so", async () => {
  const here = await environment();
  const polite = "trap 'sleep 0.3; echo tidied up; exit 0' TERM; echo ready; while :; do sleep 0.02; done";
  await here.start({ name: "agent-1", argv: ["sh", "-c", polite] });
  await until(async () => (await text(here, "agent-1")) === "ready\n");
  const began = performance.now();
  await here.stop("agent-1", 5_000);
  expect(performance.now() - began).toBeLessThan(2_000);
  expect(await here.adopt("agent-1")).toMatchObject({ state: "exited", code: 0 });
  expect(await text(here, "agent-1")).toBe("ready\ntidied up\n");
});

test("a process that ignores TERM is gone with its daemons soon after the grace period", async () => {
  const here = await environment();
  const mark = token();
  const unmarked = token();
  const stubborn = `trap "" TERM; ${daemon("sleep 300; sleep 301")} ${daemon("while :; do sleep 0.01; done")}
    env -i ${unmarked} sh -c 'trap "" TERM; sleep 302' & echo ready; while :; do sleep 0.05; done`;
  await here.start({ name: "agent-1", argv: ["sh", "-c", stubborn], variables: asVariables(mark) });
  await until(
    async () =>
      (await text(here, "agent-1")) === "ready\n" &&
      (await pidsWith(mark)).length >= 6 &&
      (await pidsWith(unmarked)).length > 1,
  );
  const began = performance.now();
  await here.stop("agent-1", 500);
  const tookMs = performance.now() - began;
  expect(await pidsWith(mark)).toEqual([]);
  expect(await pidsWith(unmarked)).toEqual([]);
  expect(tookMs).toBeGreaterThan(500);
  expect(tookMs).toBeLessThan(1_500);
  expect(await here.adopt("agent-1")).toMatchObject({ state: "exited", code: null, signal: "SIGKILL" });
});

test("processes that are started faster than one can look are ended too", async () => {
  const here = await environment();
  const mark = token();
  const breeding = `trap "" TERM; breed() { while :; do (trap "" TERM; setsid sleep 300) & sleep 0.01; done; }; breed & breed`;
  await here.start({ name: "agent-1", argv: ["sh", "-c", breeding], variables: asVariables(mark) });
  await until(async () => (await pidsWith(mark)).length > 20);
  await here.stop("agent-1", 100);
  expect(await pidsWith(mark)).toEqual([]);
});

test("the daemons of a process that has ended are stopped, and it keeps its exit status", async () => {
  const here = await environment();
  const mark = token();
  await here.start({
    name: "agent-1",
    argv: ["sh", "-c", `${daemon("sleep 300")} exit 4`],
    variables: asVariables(mark),
  });
  expect(await ended(here, "agent-1")).toMatchObject({ state: "exited", code: 4 });
  await until(async () => (await pidsWith(mark)).length > 0);
  await here.stop("agent-1", 100);
  expect(await pidsWith(mark)).toEqual([]);
  expect(await here.adopt("agent-1")).toMatchObject({ state: "exited", code: 4 });
});

test("stopping leaves alone what has another name, even one that begins the same", async () => {
  const here = await environment();
  await here.start({ name: "agent-1", argv: ["sleep", "300"] });
  await here.start({ name: "agent-10", argv: ["sleep", "300"] });
  await here.stop("agent-1", 1_000);
  expect(await here.adopt("agent-1")).toMatchObject({ state: "exited", signal: "SIGTERM" });
  expect(await here.adopt("agent-10")).toMatchObject({ state: "running" });
  await here.stop("agent-1", 1_000);
  await here.stop("agent-11", 1_000);
});

test("what is stopped before it was started never will be", async () => {
  const here = await environment();
  await here.stop("agent-1", 100);
  await expect(here.start({ name: "agent-1", argv: ["true"] })).rejects.toMatchObject({
    code: "PROCESS_STARTED_BEFORE",
  });
  expect(await here.adopt("agent-1")).toEqual({ state: "lost" });
  await here.stop("agent-1", 100);
});

test("a start and a stop at once end with nothing running", async () => {
  const here = await environment();
  const mark = token();
  for (let round = 1; round <= 20; round++) {
    const name = `agent-${round}`;
    const spec = { name, argv: ["sleep", "300"], variables: asVariables(mark) } as const;
    const start = here.start(spec).then(
      () => undefined,
      (error) => error,
    );
    await until(() => stat(join(here.checkout, "../processes", name)).catch(() => null));
    await here.stop(name, 1_000);
    const fault = await start;
    if (fault !== undefined) expect(fault).toMatchObject({ code: "PROCESS_NOT_STARTED" });
    expect(await pidsWith(mark)).toEqual([]);
    expect((await here.adopt(name)).state).toBe(fault === undefined ? "exited" : "lost");
  }
});
