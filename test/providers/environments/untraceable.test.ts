import { rename, symlink } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { alive, leftBy } from "./left-behind.ts";
import { environment, site } from "./support.ts";

const inSession = "env -i sleep 300 & echo $!";
const inSessionElsewhere = "(cd / && exec env -i sleep 301) & echo $!";
const elsewhere = "env -i setsid sleep 302 & echo $!";

test("what dropped its variables is seen, and ended with its environment, by its session or by where it works", async () => {
  const { provider, ...rest } = await site();
  const here = await environment({ provider, ...rest });
  const left = await leftBy(here, `${inSession}; ${inSessionElsewhere}; ${elsewhere}`);
  const { processes } = await provider.remains(here.id);
  expect([...processes].sort()).toEqual(left.map(({ pid }) => pid).sort());
  await provider.terminate(here.id, "");
  expect(await alive(left)).toEqual([]);
  expect(await provider.remains(here.id)).toEqual({ folder: false, processes: [] });
});

test("stopping a process ends its session too, and nobody else's", async () => {
  const here = await environment();
  const left = await leftBy(here, inSessionElsewhere);
  await here.start({ name: "agent-2", argv: ["env", "-i", "sleep", "303"] });
  await here.stop("agent-1", 1_000);
  expect(await alive(left)).toEqual([]);
  expect(await here.adopt("agent-2")).toMatchObject({ state: "running" });
});

test("what works in a folder that is half removed is seen and ended, also where a link leads to the data folder", async () => {
  const at = await site();
  const real = `${at.home}-real`;
  await execa("mkdir", [real]);
  await symlink(real, at.home);
  const here = await environment(at);
  const left = await leftBy(here, elsewhere);
  const root = join(at.home, "environments", here.id);
  await rename(root, `${root}.partial-1-abc`);
  expect(await at.provider.remains(here.id)).toEqual({ folder: false, processes: left.map(({ pid }) => pid) });
  await at.provider.terminate(here.id, "");
  expect(await alive(left)).toEqual([]);
  expect(await at.provider.list()).toEqual([]);
});

test("a server that was started in an environment's own checkout ends that, and lives with the shell it came from", async () => {
  const { provider, home, url } = await site();
  const here = await environment({ provider, home, url });
  const left = await leftBy(here, elsewhere);
  const module = new URL("../../../src/providers/environments/local.ts", import.meta.url).href;
  const script = `
    const { localEnvironments } = await import(${JSON.stringify(module)});
    const provider = localEnvironments({ home: ${JSON.stringify(home)}, variables: process.env });
    await provider.terminate(${JSON.stringify(here.id)}, "");
    const { processes } = await provider.remains(${JSON.stringify(here.id)});
    console.log("left: " + processes.length);`;
  const server = ["-c", '"$@"; echo "the shell lives"', "sh", process.execPath, "--input-type=module", "-e", script];
  const { stdout } = await execa("sh", server, { cwd: here.checkout });
  expect(stdout).toBe("left: 0\nthe shell lives");
  expect(await alive(left)).toEqual([]);
});
