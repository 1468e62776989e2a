import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makePlace, type Place } from "./fairlead.ts";
import { planFile, shell } from "./plan-files.ts";

let place: Place;
beforeAll(async () => {
  place = await makePlace();
});
afterAll(() => place.remove());

/** A plan whose only step goes on until somebody makes a file. */
async function patientPlan(name: string): Promise<{ file: string; release: () => Promise<void> }> {
  const gate = join(place.folder, `${name}-gate`);
  const file = await planFile(place, name, [
    shell("long", `until [ -e '${gate}' ]; do sleep 0.05; done`, [], { timeout_sec: 60 }),
  ]);
  return { file, release: () => writeFile(gate, "") };
}

test("a run goes on after Ctrl-C, and resume follows it to its end", async () => {
  const { file, release } = await patientPlan("left");
  const following = place.start(["plan", "run", file]);
  let out = "";
  for await (const line of following) {
    out += line;
    if (line.includes("long begins")) following.kill("SIGINT");
  }
  const left = await following;
  const id = out.slice(0, 8);
  expect(left.exitCode).toBe(130);
  expect(left.stderr).toContain(`\`npx fairlead start\`, or with \`npx fairlead run resume ${id}\``);
  await release();
  const resumed = await place.fairlead(["run", "resume", id]);
  expect(resumed.code).toBe(0);
  expect(resumed.out).toMatch(/^\w{8} is a run of left, running: 0 of 1 step have ended\n(.*\n)*✓ \w{8} has succeeded/);
  // The step was not begun a second time.
  const attempts = await place.database
    .sql`select status from fairlead.step_attempts where run_id like ${`%${id.toUpperCase()}`}`;
  expect(attempts).toEqual([{ status: "succeeded" }]);
  expect(await place.fairlead(["run", "resume", id])).toMatchObject({ code: 0, err: "" });
});

test("a run may be followed by several, and one of them is at work", async () => {
  const { file, release } = await patientPlan("shared");
  const first = place.start(["plan", "run", file, "--json"]);
  let second: ReturnType<Place["start"]> | null = null;
  for await (const line of first) {
    if (!line.includes('"step.running"')) continue;
    second = place.start(["run", "resume", JSON.parse(line).run_id]);
    for await (const said of second) {
      if (said.includes("is a run of")) await release();
    }
  }
  expect((await first).exitCode).toBe(0);
  const other = await second;
  expect([other?.exitCode, other?.stderr]).toEqual([0, ""]);
  expect(other?.stdout).toMatch(/long succeeded after .*\n(.*\n)*✓ /);
});

test("a run that is cancelled ends with 6, and what is there for failures clears up first", async () => {
  const { file } = await patientPlan("cancelled");
  const plan = JSON.parse(await readFile(file, "utf8"));
  plan.steps.push(shell("clear", "touch cleared", ["long"], { when: { long: "finished" } }));
  await writeFile(file, JSON.stringify(plan));
  const following = place.start(["plan", "run", file]);
  let id = "";
  for await (const line of following) {
    if (id === "") id = line.slice(0, 8);
    if (!line.includes("long begins")) continue;
    const cancelled = await place.fairlead(["run", "cancel", id, "--note", "enough"]);
    expect(cancelled.out).toMatch(/^\w{8} is being cancelled: what runs is stopped first\n/);
  }
  const { exitCode, stdout } = await following;
  expect(exitCode).toBe(6);
  expect(stdout).toMatch(/clear succeeded.*\n(.*\n)*✗ \w{8} was cancelled by \w+: enough\n/);
  const again = await place.fairlead(["run", "cancel", id]);
  expect(again).toMatchObject({ code: 4, err: expect.stringContaining("is cancelled: it can't be cancelled") });
  const rows = await place.fairlead(["run", "ls", "--plan", "cancelled", "--status", "cancelled"]);
  expect(rows.out).toMatch(new RegExp(`^ID +STATUS.*\n${id} +cancelled +\\d+s +cancelled +2/2 `));
});

test("a run waits for people, says for whom, and goes on by their word", async () => {
  const steps = [
    { id: "ship", kind: "wait", wait: { for: "approval", message: "Ship it, ${WHO}?" } },
    {
      id: "where",
      kind: "wait",
      wait: { for: "choice", message: "Where?", choices: ["here", "there"], who: ["bob"] },
    },
    shell("done", "true", ["ship"]),
  ];
  const file = await planFile(place, "asking", steps);
  const following = place.start(["plan", "run", file]);
  let id = "";
  for await (const line of following) {
    if (id === "") id = line.slice(0, 8);
    if (!line.includes("--step where")) continue;
    const { out } = await place.fairlead(["run", "show", id]);
    expect(out).toMatch(/^ship +waiting +1 +waits for somebody to approve: Ship it, nobody\?$/m);
    expect(out).toMatch(/^where +waiting +1 +waits for bob to choose here or there: Where\?$/m);
    expect(out).toContain(`npx fairlead run answer ${id} approve --step ship\n`);
    const notBob = await place.fairlead(["run", "answer", id, "here", "--step", "where"]);
    expect(notBob).toMatchObject({ code: 4, err: expect.stringMatching(/may not answer .*These may: bob/) });
    const said = await place.fairlead(["run", "answer", id, "approve", "--step", "ship", "--note", "fine"]);
    expect(said).toMatchObject({ code: 0, out: "ship has succeeded: approve\n" });
    const twice = await place.fairlead(["run", "answer", id, "approve", "--step", "ship"]);
    expect(twice).toMatchObject({ code: 4, err: expect.stringContaining("ship asks nothing now") });
    await place.database.sql`
      select fairlead.answer_step(r.id, 'there', 'where', 'bob') from fairlead.runs r where r.plan_id = 'asking'`;
  }
  const { exitCode, stdout } = await following;
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/ship waits for somebody to approve: Ship it, nobody\?\n/);
});

test("a run is left alone with --detach", async () => {
  const file = await planFile(place, "detached", [shell("a", "true")]);
  const ran = await place.fairlead(["plan", "run", file, "--detach"]);
  expect(ran.code).toBe(0);
  expect(ran.err).toContain("No worker is running: start one");
  const id = ran.out.slice(0, 8);
  expect((await place.fairlead(["run", "ls", "-s", "pending"])).out).toContain(`${id}  pending`);
  expect((await place.fairlead(["run", "cancel", id])).out).toMatch(/^\w{8} is cancelled\n/);
  expect((await place.fairlead(["plan", "run", "detached"])).err).toContain('no plan "detached"');
  expect((await place.fairlead(["plan", "add", file])).code).toBe(0);
  const json = JSON.parse((await place.fairlead(["plan", "run", "detached", "--detach", "--json"])).out);
  expect(json).toMatchObject({ status: "pending", plan_id: "detached" });
  const older = JSON.parse((await place.fairlead(["run", "ls", "-n", "1", "--before", json.id, "--json"])).out);
  expect(older.runs[0].id.slice(-8).toLowerCase()).toBe(id);
});

test("a run is told of as it goes on, whoever else has a transaction open", async () => {
  const { file, release } = await patientPlan("beside");
  const other = place.database.session();
  await other`begin`;
  await other`select pg_current_xact_id()`;
  const following = place.start(["plan", "run", file]);
  for await (const line of following) if (line.includes("long begins")) await release();
  await other`rollback`;
  const { exitCode, stdout } = await following;
  expect(exitCode).toBe(0);
  expect(stdout.match(/begins$/gm)).toHaveLength(2); // the run and its step, each once
});
