import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ulid } from "ulid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { copyLog, storedAtMost } from "../../src/actions/processes/copy-log.ts";
import { startOnce } from "../../src/actions/processes/follow-process.ts";
import { wholeOutput } from "../../src/actions/processes/whole-output.ts";
import type { ChangeId, EnvironmentId } from "../../src/domain/ids.ts";
import type { Environment } from "../../src/providers/environments/port.ts";
import { identify } from "../../src/providers/environments/process-table.ts";
import { appendLog, loggedBytes } from "../../src/store/logs.ts";
import { countedAgent } from "../support/counted-agent.ts";
import { workerProcess } from "../support/worker-process.ts";
import { makeWorld, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});
afterAll(() => world.close());

const changeId = ulid() as ChangeId;
const owner = { changeId, runId: null };

/** An environment in which a shell script has been started as `agent-1`. */
async function running(script: string): Promise<Environment> {
  const request = { id: ulid() as EnvironmentId, repositoryUrl: await world.repository(), branch: "change/a" };
  const environment = await world.services
    .provider("local")
    .provision({ ...request, targetBranch: "main", hosts: [] }, AbortSignal.timeout(20_000));
  await environment.start({ name: "agent-1", argv: ["sh", "-c", script] });
  return environment;
}

const source = ({ id }: Environment) =>
  ({ ...owner, environmentId: id, process: "agent-1", stream: "stdout" }) as const;

/** What is stored of it, in order; fails when there is a gap or a double. */
async function stored({ id }: Environment): Promise<{ text: string; endByte: number }> {
  const chunks = await world.database.sql<{ startByte: number; endByte: number; text: string }[]>`
    select start_byte, end_byte, text from fairlead.log_chunks
    where environment_id = ${id} and process = 'agent-1' and stream = 'stdout' order by seq`;
  for (const [at, { startByte }] of chunks.entries()) expect(startByte).toBe(chunks[at - 1]?.endByte ?? 0);
  return { text: chunks.map(({ text }) => text).join(""), endByte: chunks.at(-1)?.endByte ?? 0 };
}

const end = (environment: Environment) =>
  world.row(async () => ((await environment.adopt("agent-1")).state === "exited" ? [{}] : []));

/** Writes faster than anybody copies, for 15 seconds or until it is ended. */
const writer = `${JSON.stringify(process.execPath)} -e '
  const until = Date.now() + 15_000, lines = Buffer.from("0123456789abcde\\n".repeat(1 << 16));
  while (Date.now() < until) { require("fs").writeSync(1, lines); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20); }'`;

test("an agent that has ended has ended, though something of it writes on and on", async () => {
  const remote = await world.repository();
  await countedAgent(world, "writes", remote, `${writer} & sleep 0.5; echo x > f`);
  const worker = await world.startWorker();
  const id = await world.request("writes", "x");
  const change = await world.reaches(id, "deployed");
  const environment = world.services.provider("local").open(change.environmentId ?? ("" as never), remote);
  const { endByte } = await stored(environment);
  expect(endByte).toBeGreaterThan(0);
  expect(await environment.written("agent-1", "stdout")).toBeGreaterThan(endByte);
  await world.database.sql`select fairlead.reject_change(${id}, 'ann')`;
  await world.cleaned(id);
  await worker.stop();
});

test("what is written after the call is neither copied nor read", async () => {
  const environment = await running(writer);
  await world.row(async () => ((await environment.written("agent-1", "stdout")) > 0 ? [{}] : []));
  await copyLog(world.services, environment, owner, "agent-1");
  const whole = await wholeOutput(environment, "agent-1", "stdout");
  const copied = await stored(environment);
  expect(await environment.written("agent-1", "stdout")).toBeGreaterThan(whole.length);
  expect(whole.startsWith(copied.text.slice(0, 1_000))).toBe(true);
  expect(whole.length).toBeGreaterThanOrEqual(copied.endByte);
  await environment.stop("agent-1", 100);
});

test("copying ends when it is asked to, and goes on from there without a gap or a double", async () => {
  const environment = await running("seq 1 1000000");
  await end(environment);
  const stopping = new AbortController();
  const copying = copyLog(world.services, environment, owner, "agent-1", stopping.signal);
  await world.row(async () => ((await loggedBytes(world.database.sql, source(environment))) > 0 ? [{}] : []));
  stopping.abort(new Error("asked to stop"));
  await expect(copying).rejects.toThrow("asked to stop");
  const size = await environment.written("agent-1", "stdout");
  expect((await stored(environment)).endByte).toBeLessThan(size);
  await copyLog(world.services, environment, owner, "agent-1");
  const { text, endByte } = await stored(environment);
  expect(endByte).toBe(size);
  expect(text === (await wholeOutput(environment, "agent-1", "stdout"))).toBe(true);
});

test("of a very long output the beginning is stored, and one line that says so, also after a restart", async () => {
  // A file with a hole up to here; the log has that already.
  const before = storedAtMost - 10;
  const environment = await running(`truncate -s ${before} /proc/self/fd/1; echo 12345; echo 67890; echo no more`);
  await end(environment);
  await appendLog(world.database.sql, source(environment), { startByte: 0, endByte: before, text: "" });
  for (let time = 1; time <= 2; time += 1) await copyLog(world.services, environment, owner, "agent-1");
  const { text, endByte } = await stored(environment);
  expect(text).toMatch(/^12345\n6789\n\[The log ends here: .* not stored\.\]\n$/);
  expect(endByte).toBe(storedAtMost + 1);
});

test("an output that just fits is stored as it is", async () => {
  const before = storedAtMost - 6;
  const environment = await running(`truncate -s ${before} /proc/self/fd/1; echo 12345`);
  await end(environment);
  await appendLog(world.database.sql, source(environment), { startByte: 0, endByte: before, text: "" });
  await copyLog(world.services, environment, owner, "agent-1");
  expect(await stored(environment)).toEqual({ text: "12345\n", endByte: storedAtMost });
});

test("a process that was only intended is started, and one that was found is not started again", async () => {
  const { sql } = world.database;
  const remote = await world.repository();
  await world.workspace("once", remote, []);
  const id = await world.request("once", "x");
  const environment = await running("sleep 300");
  const again = { name: "agent-1", argv: ["false"] } as const;
  await sql`insert into fairlead.environments (id, workspace, change_id, provider, repository_url, first_port)
    values (${environment.id}, 'once', ${id}, 'local', ${remote}, 29000)`;
  await startOnce(world.services, environment, id, again);
  expect(await environment.adopt("agent-1")).toMatchObject({ state: "running" });
  const intended = { name: "agent-2", argv: ["true"] } as const;
  await sql`insert into fairlead.resources (environment_id, change_id, kind, name)
    values (${environment.id}, ${id}, 'process', 'agent-2')`;
  await startOnce(world.services, environment, id, intended);
  expect((await environment.adopt("agent-2")).state).not.toBe("absent");
});

const pidIn = async (file: string) => {
  const text = await readFile(file, "utf8").catch(() => "");
  return text.endsWith("\n") ? [{ pid: Number(text) }] : [];
};

test("an agent whose record has vanished is ended before another is started, in a fresh environment", async () => {
  const { sql } = world.database;
  const remote = await world.repository();
  const pids = join(world.home, "pids");
  const hides = `sleep 1; rm -rf ../processes/agent-1; echo $$ > '${pids}'; exec env -i sleep 75000`;
  const agent = await countedAgent(world, "hides", remote, `if [ -e '${pids}' ]; then echo x > f; else ${hides}; fi`);
  const first = await workerProcess(world);
  const id = await world.request("hides", "x");
  await world.row(
    () => sql`select from fairlead.resources where change_id = ${id} and name = 'agent-1' and state = 'present'`,
  );
  first.kill("SIGKILL");
  const { pid } = await world.row(() => pidIn(pids));
  const before = await world.change(id);
  const worker = await world.startWorker();
  const after = await world.reaches(id, "deployed");
  expect(after.environmentId).not.toBe(before.environmentId);
  await world.row(async () => ((await identify(pid)) === null ? [{}] : []));
  expect(await agent.starts()).toBe(2);
  await worker.stop();
});
