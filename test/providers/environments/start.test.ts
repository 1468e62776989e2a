import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { asVariables, ended, environment, newId, pidsWith, site, text, token, until } from "./support.ts";

test("a process gets its input, its arguments untouched, and the checkout to work in", async () => {
  const here = await environment();
  const hostile = ["$(touch pwned)", "`id`", "a b", "'\"", "-n", "*", "two\nlines", "🚀", ""];
  const script =
    "process.stdin.pipe(process.stdout); console.log(JSON.stringify([process.cwd(), process.argv.slice(1)]))";
  await here.start({ name: "echo-1", argv: ["node", "-e", script, "--", ...hostile], stdin: "in\n" });
  expect(await ended(here, "echo-1")).toMatchObject({ state: "exited", code: 0, signal: null });
  const [first = "", second] = (await text(here, "echo-1")).split("\n");
  expect(JSON.parse(first)).toEqual([here.checkout, hostile]);
  expect(second).toBe("in");
  expect(await here.list("")).toEqual([".git/", "readme.txt"]);
});

test("of 20 that start a process under one name at once, one succeeds, and it runs once", async () => {
  const here = await environment();
  const script = "require('fs').appendFileSync('starts', 'x')";
  const start = () => here.start({ name: "agent-1", argv: ["node", "-e", script] });
  const results = await Promise.allSettled(Array.from({ length: 20 }, start));
  const refused = results.filter((result) => result.status === "rejected");
  expect(refused).toHaveLength(19);
  for (const { reason } of refused) expect(reason).toMatchObject({ code: "PROCESS_STARTED_BEFORE", kind: "conflict" });
  expect(await ended(here, "agent-1")).toMatchObject({ state: "exited", code: 0 });
  expect(await here.readFile("starts")).toBe("x");
  const folders = await readdir(join(here.checkout, "../processes"));
  expect(folders).toEqual(["agent-1"]);
});

test("a name stays taken after its process has ended", async () => {
  const here = await environment();
  await here.start({ name: "agent-1", argv: ["true"] });
  await ended(here, "agent-1");
  await expect(here.start({ name: "agent-1", argv: ["true"] })).rejects.toMatchObject({
    code: "PROCESS_STARTED_BEFORE",
  });
});

test("a program that does not exist has ended with 127 and says so", async () => {
  const here = await environment(await site({ ...process.env, PATH: "/usr/bin:/bin" }));
  await here.start({ name: "agent-1", argv: ["no-such-program"] });
  expect(await ended(here, "agent-1")).toMatchObject({ state: "exited", code: 127 });
  expect(await text(here, "agent-1", "stderr")).toMatch(/no-such-program: not found/);
  await here.start({ name: "agent-2", argv: ["-a", "sh"] });
  expect(await ended(here, "agent-2")).toMatchObject({ state: "exited", code: 127 });
});

test("what can't be started at all is refused and takes no name", async () => {
  const here = await environment();
  const start = (name: string, ...argv: [string, ...string[]]) => here.start({ name, argv });
  await expect(start("../escape", "true")).rejects.toMatchObject({ code: "PROCESS_NAME_INVALID" });
  await expect(start("agent-1", "echo", "a\0b")).rejects.toMatchObject({ code: "COMMAND_INVALID" });
  await expect(start("agent-1", "")).rejects.toMatchObject({ code: "COMMAND_INVALID" });
  expect(await here.adopt("agent-1")).toEqual({ state: "absent" });
  await expect(start("agent-2", "echo", "x".repeat(4_000_000))).rejects.toMatchObject({ code: "COMMAND_INVALID" });
  expect(await here.adopt("agent-2")).toEqual({ state: "lost" });
});

test("nothing can be started in an environment that is not there", async () => {
  const { provider } = await site();
  const here = provider.open(newId(), "");
  await expect(here.start({ name: "agent-1", argv: ["true"] })).rejects.toMatchObject({ code: "ENVIRONMENT_GONE" });
  await expect(here.run(["true"], { timeoutMs: 1_000 })).rejects.toMatchObject({ code: "ENVIRONMENT_GONE" });
  expect(await here.adopt("agent-1")).toEqual({ state: "absent" });
  expect(await here.read("agent-1", "stdout", 0, 10)).toHaveLength(0);
  expect(await here.present()).toBe(false);
});

test("a process gets its variables as they are, and needs no PATH of ours", async () => {
  const here = await environment();
  const names = [
    "folder",
    "pid",
    "started",
    "stat",
    "identity",
    "uptime",
    "began",
    "status",
    "ended",
    "tries",
    "closed",
  ];
  const variables = Object.fromEntries(names.map((name) => [name, "mine"]));
  const script = names.map((name) => `echo "$${name}"`).join(";");
  await here.start({
    name: "agent-1",
    argv: ["/bin/sh", "-c", script],
    variables: { ...variables, PATH: "/nonexistent" },
  });
  expect(await ended(here, "agent-1")).toMatchObject({ code: 0 });
  expect(await text(here, "agent-1")).toBe("mine\n".repeat(names.length));
});

test("a process runs in a session of its own, and no signal is ignored there", async () => {
  const here = await environment();
  await here.start({ name: "agent-1", argv: ["cat", "/proc/self/status", "/proc/self/stat"] });
  await ended(here, "agent-1");
  const output = await text(here, "agent-1");
  expect(output).toMatch(/SigIgn:\t0+\n/);
  expect(output).toMatch(/SigBlk:\t0+\n/);
  const session = output.slice(output.lastIndexOf(") ")).split(" ")[4];
  const [, supervisor] = (await readlink(join(here.checkout, "../processes/agent-1/supervisor"))).split(" ");
  expect(session).toBe(supervisor);
});

test("the server's secrets reach neither a process, nor a command, nor what ps shows", async () => {
  const secret = "s3cret-of-the-server";
  const names = [
    "DATABASE_URL",
    "FAIRLEAD_TOKEN",
    "ANTHROPIC_API_KEY",
    "npm_config__authToken",
    "AWS_SECRET_ACCESS_KEY",
  ];
  const secrets = Object.fromEntries(names.map((name) => [name, secret]));
  const here = await environment(
    await site({ ...process.env, ...secrets, LC_TIME: "C", NODE_OPTIONS: "--no-warnings" }),
  );
  const given = { PORT: "20001", FAIRLEAD_ENVIRONMENT: "forged", FAIRLEAD_PROCESS: "forged" };
  const mark = token();
  await here.start({ name: "print-1", argv: ["sleep", "60"], variables: { ...given, ...asVariables(mark) } });
  const pid = await until(async () => {
    const state = await here.adopt("print-1");
    return state.state === "running" && (await readFile(`/proc/${state.pid}/comm`, "utf8")) === "sleep\n" && state.pid;
  });
  const environ = (await readFile(`/proc/${pid}/environ`, "utf8")).split("\0");
  expect(environ).toContain("PORT=20001");
  expect(environ).toContain("LC_TIME=C");
  expect(environ).toContain(`FAIRLEAD_ENVIRONMENT=${here.id}`);
  expect(environ).toContain(`FAIRLEAD_PROCESS=${here.id}/print-1`);
  expect(environ.join("\n")).not.toMatch(new RegExp(`${secret}|NODE_OPTIONS|node_modules/\\.bin`));
  for (const one of await pidsWith(mark)) {
    expect(await readFile(`/proc/${one}/cmdline`, "utf8")).not.toContain(mark.split("=")[1]);
  }
  const { stdout } = await here.run(["env"], { timeoutMs: 10_000, variables: { PORT: "20002" } });
  expect(stdout).toContain("PORT=20002");
  expect(stdout).not.toContain(secret);
});

test("output is kept byte for byte and read from any offset", async () => {
  const here = await environment();
  const script = "process.stdout.write(Buffer.from([0, 255, 10, 195, 40, 13, 10])); process.stderr.write('troubles')";
  await here.start({ name: "bytes-1", argv: ["node", "-e", script] });
  await ended(here, "bytes-1");
  expect([...(await here.read("bytes-1", "stdout", 0, 100))]).toEqual([0, 255, 10, 195, 40, 13, 10]);
  expect([...(await here.read("bytes-1", "stdout", 3, 2))]).toEqual([195, 40]);
  expect(await here.read("bytes-1", "stdout", 7, 100)).toHaveLength(0);
  expect(await here.read("bytes-1", "stdout", 1_000, 100)).toHaveLength(0);
  expect(await text(here, "bytes-1", "stderr")).toBe("troubles");
});
