import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import type { EnvironmentId } from "../../../src/domain/ids.ts";
import { localEnvironments } from "../../../src/providers/environments/local.ts";
import { asVariables, environment, newId, pidsWith, request, site, token, unhurried, until } from "./support.ts";

const isThere = async (path: string) => (await stat(path).catch(() => null)) !== null;

test("an environment has the branch checked out, and asking again gives the same one", async () => {
  const { provider, url, home } = await site();
  const id = newId();
  const here = await provider.provision(request(id, url), unhurried());
  expect(here.checkout).toBe(join(home, "environments", id, "checkout"));
  expect(await here.readFile("readme.txt")).toBe("hello\n");
  expect((await here.run(["git", "branch", "--show-current"], { timeoutMs: 10_000 })).stdout).toBe(
    "change/a-spinner\n",
  );
  await here.writeFile("work.txt", "mine");
  const again = await provider.provision(request(id, url), unhurried());
  expect(await again.readFile("work.txt")).toBe("mine");
  expect(await provider.open(id, url).present()).toBe(true);
  expect(await provider.list()).toEqual([id]);
  expect(await isThere(here.stateDirectory)).toBe(true);
  expect(here.expose(4711)).toBe("http://localhost:4711");
});

test("twenty that ask for one environment at once get one", async () => {
  const { provider, url, home } = await site();
  const id = newId();
  const other = localEnvironments({ home, variables: process.env });
  const ask = (_: unknown, n: number) => (n % 2 ? provider : other).provision(request(id, url), unhurried());
  await Promise.all(Array.from({ length: 20 }, ask));
  expect(await readdir(join(home, "environments"))).toEqual([id]);
  expect((await readdir(join(home, "environments", id))).sort()).toEqual(["checkout", "git", "processes", "state"]);
});

test("an environment whose maker was killed on the way is completed", async () => {
  const { provider, url, home } = await site();
  const id = newId();
  const module = new URL("../../../src/providers/environments/local.ts", import.meta.url).href;
  const script = `
    const { localEnvironments } = await import(${JSON.stringify(module)});
    const provider = localEnvironments({ home: ${JSON.stringify(home)}, variables: process.env });
    await provider.provision(${JSON.stringify(request(id, url))}, new AbortController().signal);
    await new Promise((resolve) => setTimeout(resolve, 60_000));`;
  for (const made of ["mirrors", `environments/${id}`, `environments/${id}/checkout`]) {
    const maker = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit" });
    await until(() => isThere(join(home, made)));
    maker.kill("SIGKILL");
    await once(maker, "exit");
  }
  const here = await provider.provision(request(id, url), unhurried());
  expect(await here.readFile("readme.txt")).toBe("hello\n");
  expect(await here.present()).toBe(true);
});

test("what fails leaves nothing half-made and says why", async () => {
  const { provider, url, home } = await site();
  const make = (change: object) => provider.provision({ ...request(newId(), url), ...change }, unhurried());
  await expect(make({ targetBranch: "nowhere" })).rejects.toMatchObject({ code: "BRANCH_UNKNOWN" });
  await expect(make({ repositoryUrl: `${url}-gone` })).rejects.toMatchObject({ code: "REPOSITORY_UNREACHABLE" });
  const aborted = provider.provision(request(newId(), url), AbortSignal.abort(new Error("enough")));
  await expect(aborted).rejects.toThrow("enough");
  expect(await readdir(join(home, "environments"))).toEqual([]);
});

test("a worker that gives up leaves the environment to another that is making it", async () => {
  const { provider, url, home } = await site();
  const id = newId();
  const root = join(home, "environments", id);
  const other = spawn("sleep", ["300"]);
  await mkdir(root, { recursive: true });
  await writeFile(join(root, `.provisioning-${other.pid}-x`), "");
  const fail = () => provider.provision({ ...request(id, url), targetBranch: "nowhere" }, unhurried());
  await expect(fail()).rejects.toMatchObject({ code: "BRANCH_UNKNOWN" });
  expect(await readdir(root)).toEqual([`.provisioning-${other.pid}-x`]);
  other.kill("SIGKILL");
  await once(other, "exit");
  await expect(fail()).rejects.toMatchObject({ code: "BRANCH_UNKNOWN" });
  expect(await isThere(root)).toBe(false);
});

test("a failed second attempt at an environment that is there leaves it there", async () => {
  const { provider, url } = await site();
  const id = newId();
  const here = await provider.provision(request(id, url), unhurried());
  await provider.provision({ ...request(id, url), targetBranch: "nowhere" }, unhurried());
  await expect(provider.provision(request(id, url), AbortSignal.abort())).rejects.toThrow();
  expect(await here.present()).toBe(true);
});

test("a data folder that can't be written to is named with what to do", async () => {
  const { url, home } = await site();
  await writeFile(home, "a file where a folder belongs");
  const blocked = localEnvironments({ home, variables: process.env });
  const fault = await blocked.provision(request(newId(), url), unhurried()).catch((error: unknown) => error);
  expect(fault).toMatchObject({ code: "ENVIRONMENT_FAILED", message: expect.stringContaining("FAIRLEAD_HOME") });
});

test("a repository that is mirrored already is ready in under a second", async () => {
  const at = await site();
  await environment(at);
  const began = performance.now();
  await environment(at);
  expect(performance.now() - began).toBeLessThan(1_000);
});

test("only a ULID names an environment", async () => {
  const { provider } = await site();
  for (const id of ["", "..", "../../etc", "01ARZ3NDEKTSV4RRFFQ69G5FA", "01arz3ndektsv4rrffq69g5fav", "x/../y"]) {
    expect(() => provider.open(id as EnvironmentId, ""), id).toThrow(
      expect.objectContaining({ code: "ENVIRONMENT_ID_INVALID" }),
    );
    await expect(provider.terminate(id as EnvironmentId, "")).rejects.toMatchObject({ code: "ENVIRONMENT_ID_INVALID" });
  }
});

test("terminating ends every process, also those without a name, and removes all", async () => {
  const at = await site();
  const here = await environment(at);
  const neighbour = await environment(at);
  const mark = token();
  const stubborn = `trap "" TERM; setsid sh -c '(trap "" TERM; sleep 300) &' & while :; do sleep 0.05; done`;
  await here.start({ name: "agent-1", argv: ["sh", "-c", stubborn], variables: asVariables(mark) });
  await neighbour.start({ name: "agent-1", argv: ["sleep", "300"] });
  const background = `setsid sh -c 'unset FAIRLEAD_PROCESS; exec sleep 300' & exit 0`;
  await here.run(["sh", "-c", background], { timeoutMs: 10_000, variables: asVariables(mark) });
  await until(async () => (await pidsWith(mark)).length >= 5);
  await here.writeFile("locked/file", "text");
  await chmod(join(here.checkout, "locked"), 0o500);

  const began = performance.now();
  await at.provider.terminate(here.id, at.url);
  expect(performance.now() - began).toBeLessThan(2_500);
  expect(await pidsWith(mark)).toEqual([]);
  expect(await readdir(join(at.home, "environments"))).toEqual([neighbour.id]);
  expect(await neighbour.adopt("agent-1")).toMatchObject({ state: "running" });
  expect(await neighbour.readFile("readme.txt")).toBe("hello\n");
  await at.provider.terminate(here.id, at.url);
  await at.provider.terminate(newId(), at.url);
  expect((await here.adopt("agent-1")).state).toBe("absent");
});

test("terminating while processes are being started leaves none", async () => {
  const at = await site();
  for (let round = 1; round <= 5; round++) {
    const here = await environment(at);
    const mark = token();
    const start = (_: unknown, n: number) =>
      here.start({ name: `agent-${n}`, argv: ["sleep", "300"], variables: asVariables(mark) });
    const starts = Promise.allSettled(Array.from({ length: 10 }, start));
    await at.provider.terminate(here.id, at.url);
    for (const result of await starts) {
      if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "ENVIRONMENT_GONE" });
    }
    expect(await pidsWith(mark)).toEqual([]);
    expect(await here.present()).toBe(false);
    await expect(here.start({ name: "late", argv: ["true"] })).rejects.toMatchObject({ code: "ENVIRONMENT_GONE" });
  }
});

test("terminating while the environment is being made leaves nothing", async () => {
  const { provider, url, home } = await site();
  const id = newId();
  const made = provider.provision(request(id, url), unhurried()).catch((error: unknown) => error);
  await until(() => isThere(join(home, "environments", id)));
  await provider.terminate(id, url);
  expect(await made).toMatchObject({ code: "ENVIRONMENT_GONE" });
  expect(await readdir(join(home, "environments"))).toEqual([]);

  const elsewhere = localEnvironments({ home, variables: process.env });
  await elsewhere.terminate(id, url);
  expect(await elsewhere.list()).toEqual([]);
});

test("a quiet environment runs nothing new but keeps its checkout for git", async () => {
  const at = await site();
  const here = await environment(at);
  await here.start({ name: "agent-1", argv: ["sleep", "300"] });
  await at.provider.quiesce(here.id, 1_000);
  await at.provider.quiesce(here.id, 1_000);
  await at.provider.quiesce(newId(), 1_000);
  expect(await here.adopt("agent-1")).toMatchObject({ state: "exited", signal: "SIGTERM" });
  expect(await here.present()).toBe(true);
  await expect(here.start({ name: "agent-2", argv: ["true"] })).rejects.toMatchObject({ code: "ENVIRONMENT_GONE" });
  expect((await here.run(["git", "status", "--short"], { timeoutMs: 10_000 })).code).toBe(0);
  await expect(at.provider.provision(request(here.id, at.url), unhurried())).rejects.toMatchObject({
    code: "ENVIRONMENT_GONE",
  });
  expect(await here.present()).toBe(true);
  await at.provider.terminate(here.id, at.url);
  expect(await at.provider.list()).toEqual([]);
});

test("what an interrupted removal left is listed and removed", async () => {
  const { provider, url, home } = await site();
  const here = await environment({ provider, url, home });
  const left = join(home, "environments", `${here.id}.partial-1-abc`);
  await execa("mv", [join(home, "environments", here.id), left]);
  await mkdir(join(home, "environments", "somebody's folder"));
  expect(await provider.list()).toEqual([here.id]);
  await provider.terminate(here.id, url);
  expect(await readdir(join(home, "environments"))).toEqual(["somebody's folder"]);
});
