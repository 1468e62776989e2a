import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, onTestFinished, test } from "vitest";
import { endProcesses } from "../../../src/providers/environments/end-processes.ts";
import { freeLimits } from "../../../src/providers/environments/marks/limit-mark.ts";
import { identify, isStill, processTable } from "../../../src/providers/environments/process-table.ts";
import { alive, leftBy } from "./left-behind.ts";
import { environment, newId, pidsWith, site, text, token, until } from "./support.ts";

const isRoot = process.geteuid?.() === 0;
const canMark = (await freeLimits()) !== "";
const has = async (program: string) => (await execa("which", [program], { reject: false })).exitCode === 0;
const program = fileOf(`
  const child = require("child_process").spawn("sleep", ["304"], { detached: true, stdio: "ignore", cwd: "/", env: {} });
  child.unref();
  console.log(child.pid);`);

/** Each leaves one process that has dropped its variables, left its session, its parent and its folder, and names it. */
const ways = {
  "env and setsid": `env -i setsid sh -c 'cd /; echo $$; exec sleep 304' &`,
  "a double fork": `env -i setsid sh -c 'cd /; (sh -c "echo \\$\\$; exec sleep 304" &) ; exit 0'`,
  nohup: `cd /; env -i setsid nohup sh -c 'echo $$; exec sleep 304' &`,
  "a program that starts it detached": `${process.execPath} -e '${program}'`,
  "a program that closes its files": `env -i setsid sh -c 'cd /; echo $$; exec sleep 304 0<&- 1>&- 2>&-' &`,
  "its last words": `trap 'env -i setsid sh -c "cd /; echo \\$\\$; exec sleep 304" &' EXIT; true`,
  ...(isRoot && (await has("su"))
    ? { "another user": `env -i setsid su nobody -s /bin/sh -c 'cd /; echo $$; exec sleep 304' &` }
    : {}),
};

test.skipIf(!canMark).each(Object.entries(ways))(
  "what drops its variables and leaves session, parent and folder is seen and ended with its environment, by %s",
  async (_, script) => {
    const at = await site();
    const [here, other] = [await environment(at), await environment(at)];
    const left = await leftBy(here, script);
    const others = await leftBy(other, script);
    expect((await at.provider.remains(here.id)).processes).toEqual(expect.arrayContaining(left.map(({ pid }) => pid)));
    await at.provider.terminate(here.id, "");
    expect(await alive(left)).toEqual([]);
    expect(await alive(others)).toHaveLength(1);
    expect(await at.provider.remains(here.id)).toEqual({ folder: false, processes: [] });
    await at.provider.quiesce(other.id, 100);
    expect(await alive(others)).toEqual([]);
  },
);

test.skipIf(!canMark)(
  "stopping a process ends what it started, whatever that has dropped, and nothing of another's",
  async () => {
    const here = await environment();
    const [first, second] = [
      await leftBy(here, ways["env and setsid"], "agent-1"),
      await leftBy(here, ways["a double fork"], "agent-2"),
    ];
    await here.stop("agent-1", 1_000);
    expect(await alive(first)).toEqual([]);
    expect(await alive(second)).toHaveLength(1);
  },
);

test.skipIf(!canMark)(
  "a port belongs to the environment, whatever the program that listens there has dropped",
  async () => {
    const here = await environment();
    const listener = fileOf(
      `require("net").createServer().listen(0, "127.0.0.1", function () { console.log(this.address().port); });`,
    );
    const script = `env -i setsid sh -c 'cd /; exec ${process.execPath} -e "$1"' sh '${listener}'`;
    await here.start({ name: "preview-1", argv: ["sh", "-c", `${script} & wait`] });
    const port = await until(async () => Number((await text(here, "preview-1")).trim()) || null);
    expect(await here.listener(port)).toBe("own");
    expect(await (await environment()).listener(port)).toBe("other");
  },
);

test.skipIf(!canMark)(
  "a Fairlead that runs inside an environment marks its own, and all of it ends with the outer one",
  async () => {
    const at = await site();
    const [outer, home] = [await environment(at), join(at.home, "inner")];
    const module = new URL("../../../src/providers/environments/local.ts", import.meta.url).href;
    const inner = newId();
    // The shell that starts the process is seen as well until it has ended.
    const script = fileOf(`
    const { localEnvironments } = await import(${JSON.stringify(module)});
    const provider = localEnvironments({ home: ${JSON.stringify(home)}, variables: process.env });
    const here = await provider.provision({ id: "${inner}", folder: null }, new AbortController().signal);
    await here.start({ name: "agent-1", argv: ["sh", "-c", ${JSON.stringify(ways["env and setsid"])}] });
    for (let [pid, found] = ["", ""]; pid === "" || found !== pid; ) {
      pid = String(await here.read("agent-1", "stdout", 0, 100)).trim();
      found = (await provider.remains("${inner}")).processes.join();
      if (found === pid && pid !== "") console.log(pid, found);
    }`);
    const argv = [process.execPath, "--input-type=module", "-e", script] as const;
    await outer.start({ name: "agent-1", argv: [...argv] });
    const seen = await until(async () => (await text(outer, "agent-1")).trim() || null);
    const [pid, found] = seen.split(" ").map(Number);
    expect(found, await text(outer, "agent-1", "stderr")).toBe(pid);
    const left = [await identify(pid ?? 0)].filter((one) => one !== null);
    expect(left).toHaveLength(1);
    await at.provider.terminate(outer.id, "");
    expect(await alive(left)).toEqual([]);
  },
);

test("what was started before processes were marked is found as before", async () => {
  const at = await site();
  const here = await environment(at);
  const folder = join(here.checkout, "../processes/agent-1");
  await mkdir(folder);
  await Promise.all([writeFile(join(folder, "stdin"), ""), writeFile(join(folder, "started"), "1700000000\n")]);
  const supervise = new URL("../../../src/providers/environments/supervise.sh", import.meta.url).pathname;
  const mark = token();
  const [name = "", value] = mark.split("=");
  const env = {
    PATH: process.env.PATH,
    FAIRLEAD_ENVIRONMENT: here.id,
    FAIRLEAD_PROCESS: `${here.id}/agent-1`,
    [name]: value,
  };
  const options = { cwd: here.checkout, stdio: "ignore", detached: true, env } as const;
  spawn("/bin/sh", [supervise, folder, "sh", "-c", "setsid sleep 305 & exec sleep 305"], options).unref();
  // The supervisor, the program, and what that has started.
  await until(async () => (await pidsWith(mark)).length === 3);
  const sleeping = await processTable();
  expect(sleeping.filter((entry) => entry.variables.includes(mark)).flatMap(({ limits }) => limits ?? [])).toEqual([]);
  expect(await here.adopt("agent-1")).toMatchObject({ state: "running" });
  expect((await at.provider.remains(here.id)).processes.length).toBeGreaterThanOrEqual(2);
  await at.provider.quiesce(here.id, 500);
  expect(await pidsWith(mark)).toEqual([]);
});

test.skipIf(!isRoot)("another user's process that merely works in the folder is left alone", async () => {
  const at = await site();
  const here = await environment(at);
  const stranger = spawn("sleep", ["306"], { cwd: here.checkout, uid: 65534, stdio: "ignore" });
  onTestFinished(() => void stranger.kill("SIGKILL"));
  await until(async () =>
    (await processTable()).some(({ pid, directory }) => pid === stranger.pid && directory !== null),
  );
  expect((await at.provider.remains(here.id)).processes).toEqual([]);
  await at.provider.terminate(here.id, "");
  expect(stranger.exitCode ?? stranger.signalCode).toBe(null);
});

test.skipIf(!canMark)("an agent that works in another environment's folder does not end with that", async () => {
  const at = await site();
  const [here, visited] = [await environment(at), await environment(at)];
  const left = await leftBy(here, `cd '${visited.checkout}'; env -i setsid sh -c 'echo $$; exec sleep 304' &`);
  expect((await at.provider.remains(visited.id)).processes).toEqual([]);
  await at.provider.terminate(visited.id, "");
  expect(await alive(left)).toHaveLength(1);
  await at.provider.terminate(here.id, "");
  expect(await alive(left)).toEqual([]);
});

test("no process left is no failure, even if the deadline had passed before the first check", async () => {
  await expect(endProcesses({ marker: token(), folders: [] }, -60_000)).resolves.toBeUndefined();
});

test("what outlives being killed is named", async () => {
  const mark = token();
  const [name = "", value] = mark.split("=");
  const breeding = "while :; do sleep 307; done";
  const stubborn = spawn("sh", ["-c", breeding], { env: { PATH: process.env.PATH, [name]: value }, stdio: "ignore" });
  await until(async () => (await pidsWith(mark)).length === 2);
  const fault = await endProcesses({ marker: mark, folders: [] }, -60_000).catch((error: unknown) => error);
  expect(fault).toMatchObject({ code: "PROCESS_WONT_END", message: expect.stringContaining(String(stubborn.pid)) });
  await endProcesses({ marker: mark, folders: [] }, 0);
  expect(await pidsWith(mark)).toEqual([]);
});

const freezer = "/sys/fs/cgroup/freezer";

test.skipIf(!isRoot || !existsSync(`${freezer}/cgroup.procs`))(
  "a process that was killed and waits in the kernel has ended as far as we can tell, and does not hold a clean-up up",
  async () => {
    const at = await site();
    const here = await environment(at);
    const left = await leftBy(here, "setsid sleep 308 & echo $!");
    const group = `${freezer}/fairlead-test-${process.pid}`;
    await mkdir(group);
    onTestFinished(async () => {
      await writeFile(`${group}/freezer.state`, "THAWED");
      await until(async () => (await readFile(`${group}/cgroup.procs`, "utf8")) === "");
      await rmdir(group);
    });
    for (const { pid } of left) await writeFile(`${group}/cgroup.procs`, String(pid));
    await writeFile(`${group}/freezer.state`, "FROZEN");
    await until(async () => (await readFile(`${group}/freezer.state`, "utf8")) === "FROZEN\n");
    expect((await at.provider.remains(here.id)).processes).toEqual(left.map(({ pid }) => pid));
    await at.provider.terminate(here.id, "");
    expect(await at.provider.remains(here.id)).toEqual({ folder: false, processes: [] });
  },
);

test("a process is signalled only as long as its pid is its own", async () => {
  const us = await identify(process.pid);
  expect(us !== null && isStill(us)).toBe(true);
  expect(isStill({ pid: process.pid, startTime: "12345" })).toBe(false);
  expect(isStill({ pid: 2 ** 22 + 1, startTime: "12345" })).toBe(false);
});

/** A script in one line, for the argument of a program. */
function fileOf(script: string): string {
  return script.trim().replaceAll(/\s*\n\s*/g, " ");
}
