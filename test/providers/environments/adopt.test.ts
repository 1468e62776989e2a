import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Environment } from "../../../src/providers/environments/port.ts";
import { identify, isAlive, keyOf } from "../../../src/providers/environments/process-table.ts";
import { asVariables, ended, environment, pidsWith, site, text, token, until } from "./support.ts";

const folderOf = (here: Environment, name: string) => join(here.checkout, "../processes", name);
const untilFile = (path: string) => until(() => readFile(path, "utf8").catch(() => null));

test("a process runs, and then it has ended with its status or its signal and the time", async () => {
  const here = await environment();
  const before = Date.now();
  expect(await here.adopt("agent-1")).toEqual({ state: "absent" });
  const wait = "while [ ! -e go ]; do sleep 0.02; done; exit 7";
  await here.start({ name: "agent-1", argv: ["sh", "-c", wait] });
  const running = await here.adopt("agent-1");
  expect(running).toMatchObject({ state: "running", pid: expect.any(Number) });
  if (running.state === "running") expect(Math.abs(running.startedAt.getTime() - before)).toBeLessThan(10_000);
  await here.writeFile("go", "");
  const exited = await ended(here, "agent-1");
  expect(exited).toMatchObject({ state: "exited", code: 7, signal: null });
  if (exited.state === "exited") expect(Math.abs(exited.endedAt.getTime() - before)).toBeLessThan(10_000);

  await here.start({ name: "agent-2", argv: ["sh", "-c", "kill -KILL $$"] });
  expect(await ended(here, "agent-2")).toMatchObject({ state: "exited", code: null, signal: "SIGKILL" });
});

test("a process is adopted after the process that started it was killed with SIGKILL", async () => {
  const { home, provider, url } = await site();
  const here = await environment({ home, provider, url });
  const wait = "echo one; while [ ! -e go ]; do sleep 0.02; done; echo two";
  const module = new URL("../../../src/providers/environments/local.ts", import.meta.url).href;
  const script = `
    const { localEnvironments } = await import(${JSON.stringify(module)});
    const provider = localEnvironments({ home: ${JSON.stringify(home)}, variables: process.env });
    await provider.open(${JSON.stringify(here.id)}, "").start({ name: "agent-1", argv: ["sh", "-c", ${JSON.stringify(wait)}] });
    process.kill(process.pid, "SIGKILL");`;
  const starter = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit" });
  const [, signal] = await once(starter, "exit");
  expect(signal).toBe("SIGKILL");
  expect(await here.adopt("agent-1")).toMatchObject({ state: "running" });
  await expect(here.start({ name: "agent-1", argv: ["true"] })).rejects.toMatchObject({
    code: "PROCESS_STARTED_BEFORE",
  });
  await here.writeFile("go", "");
  expect(await ended(here, "agent-1")).toMatchObject({ state: "exited", code: 0 });
  expect(await text(here, "agent-1")).toBe("one\ntwo\n");
});

test("a start that died before its supervisor came up never was, and its name is free again", async () => {
  const here = await environment();
  const folder = folderOf(here, "agent-1");
  await mkdir(folder);
  await writeFile(join(folder, "stdin"), "");
  await writeFile(join(folder, "starter"), `${process.pid} 1\n`);
  const began = performance.now();
  expect(await here.adopt("agent-1")).toEqual({ state: "absent" });
  expect(performance.now() - began).toBeLessThan(500);

  const supervise = new URL("../../../src/providers/environments/supervise.sh", import.meta.url).pathname;
  const late = spawn("/bin/sh", [supervise, folder, "touch", "late"], { cwd: here.checkout, stdio: "ignore" });
  expect(await once(late, "exit")).toEqual([1, null]);
  expect(await here.list("")).not.toContain("late");
  await here.start({ name: "agent-1", argv: ["true"] });
  expect(await ended(here, "agent-1")).toMatchObject({ state: "exited", code: 0 });
});

test("adopting waits for a start that is under way", async () => {
  const here = await environment();
  const folder = folderOf(here, "agent-1");
  await mkdir(folder);
  await writeFile(join(folder, "stdin"), "");
  const us = await identify(process.pid);
  await writeFile(join(folder, "starter"), us === null ? "" : `${keyOf(us)}\n`);
  const adopted = here.adopt("agent-1");
  const supervise = new URL("../../../src/providers/environments/supervise.sh", import.meta.url).pathname;
  const env = { ...process.env, FAIRLEAD_ENVIRONMENT: here.id, FAIRLEAD_PROCESS: `${here.id}/agent-1` };
  const options = { cwd: here.checkout, stdio: "ignore", detached: true, env } as const;
  spawn("/bin/sh", [supervise, folder, "sleep", "60"], options);
  expect(await adopted).toMatchObject({ state: "running" });
});

test("a pid that is used again is not mistaken for the process that had it", async () => {
  const here = await environment();
  const folder = folderOf(here, "agent-1");
  await mkdir(folder);
  await symlink(`1700000000 ${process.pid} 12345`, join(folder, "supervisor"));
  await writeFile(join(folder, "pid"), `${process.pid} 12345\n`);
  expect(await here.adopt("agent-1")).toEqual({ state: "lost" });
  await here.stop("agent-1", 100);
  expect(await identify(process.pid)).not.toBeNull();

  const us = await identify(process.pid);
  await writeFile(join(folder, "pid"), us === null ? "" : `${keyOf(us)}\n`);
  expect(await here.adopt("agent-1")).toMatchObject({ state: "running", pid: process.pid });
  await rm(folder, { recursive: true });
});

test("a process whose supervisor was killed by hand runs on, then it is lost", async () => {
  const here = await environment();
  await here.start({ name: "agent-1", argv: ["sh", "-c", "while [ ! -e go ]; do sleep 0.02; done; echo end"] });
  await untilFile(join(folderOf(here, "agent-1"), "pid"));
  const [, supervisor] = (await readlink(join(folderOf(here, "agent-1"), "supervisor"))).split(" ");
  const identity = await identify(Number(supervisor));
  process.kill(Number(supervisor), "SIGKILL");
  await until(async () => identity !== null && !(await isAlive(identity)));
  expect(await here.adopt("agent-1")).toMatchObject({ state: "running" });
  await here.writeFile("go", "");
  expect(await ended(here, "agent-1")).toEqual({ state: "lost" });
  expect(await text(here, "agent-1")).toBe("end\n");
});

test("the supervisor outlives TERM, INT and HUP to tell how its program ended", async () => {
  const here = await environment();
  await here.start({ name: "agent-1", argv: ["sh", "-c", "while [ ! -e go ]; do sleep 0.02; done; exit 3"] });
  const [, supervisor] = (await readlink(join(folderOf(here, "agent-1"), "supervisor"))).split(" ");
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.kill(Number(supervisor), signal);
  await here.writeFile("go", "");
  expect(await ended(here, "agent-1")).toMatchObject({ state: "exited", code: 3 });
});

test("all that a process wrote is there when it is seen to have ended", async () => {
  const here = await environment();
  for (let round = 1; round <= 20; round++) {
    const name = `agent-${round}`;
    await here.start({ name, argv: ["sh", "-c", "echo begin; seq 1 2000; echo end"] });
    await ended(here, name);
    expect((await text(here, name)).split("\n")).toHaveLength(2003);
  }
});

test("a folder moved aside while its environment is closed still tells how its process ended", async () => {
  const { provider, ...rest } = await site();
  const here = await environment({ provider, ...rest });
  const mark = token();
  const polite = "trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.02; done";
  await here.start({ name: "agent-1", argv: ["sh", "-c", polite], variables: asVariables(mark) });
  await until(async () => (await text(here, "agent-1")) === "ready\n");
  await provider.quiesce(here.id, 5_000);
  expect(await pidsWith(mark)).toEqual([]);
  expect(await here.adopt("agent-1")).toMatchObject({ state: "exited", code: 5 });
  expect(await text(here, "agent-1")).toBe("ready\nbye\n");
});
