import { afterAll, beforeAll, expect, test } from "vitest";
import { lifecycles, minutelyTasks } from "../../src/domain/lifecycles.ts";
import { enqueueMinutely, reconcile } from "../../src/store/jobs.ts";
import { releaseDeadWorkers } from "../../src/store/workers.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { failForGood, jobsTable } from "../support/queue.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  await database.sql`insert into fairlead.workspaces (name, repository_url, default_branch) values ('shop', '/nowhere', 'main')`;
});
afterAll(() => database.drop());

interface Job {
  readonly id: string;
  readonly key: string | null;
  readonly attempts: number;
}

/** A change whose job is locked by a worker that died at it: it is listed, and nobody holds its lock. */
async function heldByTheDead(): Promise<{ id: string; job: Job }> {
  const { sql } = database;
  const [change] = await sql<{ id: string }[]>`
    insert into fairlead.change_requests (workspace, request_text) values ('shop', 'x') returning id`;
  const id = change?.id ?? "";
  await sql`insert into fairlead.workers (host, pid, pools, program) values ('h', 1, array['dead'], 'a test')`;
  const [job] = await sql<Job[]>`
    update ${sql(jobsTable)} set locked_by = 'dead', locked_at = now(), attempts = attempts + 1
    where key = ${id} returning id, key, attempts`;
  if (job === undefined) throw new Error("there is no job to hold");
  return { id, job };
}

const jobOf = async (id: string): Promise<Job | undefined> => {
  const [job] = await database.sql<Job[]>`select id, key, attempts from fairlead.jobs where id = ${id}`;
  return job;
};

test("a worker's death spends no attempt of the jobs it had, however often", async () => {
  const { job } = await heldByTheDead();
  expect(job.attempts).toBe(1);
  expect(await releaseDeadWorkers(database.sql)).toHaveLength(1);
  expect(await jobOf(job.id)).toMatchObject({ attempts: 0 });
});

test("a job whose worker died between settling and completing it does not stay behind", async () => {
  const { sql } = database;
  const { id, job } = await heldByTheDead();
  await sql`update fairlead.change_requests set status = 'implementing' where id = ${id}`;
  expect((await jobOf(job.id))?.key).toBeNull();
  await releaseDeadWorkers(sql);
  expect(await jobOf(job.id)).toBeUndefined();
  const left = await sql<{ task: string }[]>`
    select task_identifier as task from fairlead.jobs where key = ${id}`;
  expect(left.map(({ task }) => task)).toEqual(["implement"]);
});

const tasks = [...Object.values(lifecycles).flatMap(({ tasks }) => Object.values(tasks).flat()), ...minutelyTasks];
test.each(tasks)("a job of %s that is locked in the name of no worker is released after 10 s", async (task) => {
  const { sql } = database;
  await sql`select fairlead.add_job(${task}, null, ${`orphan ${task}`})`;
  const [job] = await sql<{ id: string }[]>`select id from fairlead.jobs where key = ${`orphan ${task}`}`;
  const lockedFor = (seconds: number) => sql`
    update ${sql(jobsTable)} set locked_by = 'nobody', locked_at = now() - ${seconds} * interval '1 second'
    where id = ${job?.id ?? ""}`;
  const isLocked = async () => {
    await releaseDeadWorkers(sql);
    const [row] = await sql`select locked_at from fairlead.jobs where id = ${job?.id ?? ""}`;
    return row?.lockedAt !== null;
  };
  await lockedFor(5);
  expect(await isLocked()).toBe(true);
  await lockedFor(15);
  expect(await isLocked()).toBe(false);
});

test("a job that has used up its attempts fails its change, and is gone", async () => {
  const { sql } = database;
  const { id, job } = await heldByTheDead();
  await releaseDeadWorkers(sql);
  await failForGood(sql, job.id, "it went wrong");
  expect(await reconcile(sql)).toMatchObject({ givenUp: 1 });
  const [change] =
    await sql`select status, failure_kind, failure_message from fairlead.change_requests where id = ${id}`;
  expect(change).toMatchObject({ status: "failed", failureKind: "internal" });
  expect(change?.failureMessage).toContain("it went wrong");
  expect(await jobOf(job.id)).toBeUndefined();
});

test("the tasks of a minute are enqueued once, by the first worker that asks", async () => {
  const { sql } = database;
  const enqueuedBy = async (ask: () => Promise<unknown>) => {
    await sql`delete from ${sql(jobsTable)} where key = 'enforce_lifecycles each minute'`;
    await ask();
    return (await sql`select from fairlead.jobs where key = 'enforce_lifecycles each minute'`).length;
  };
  const ask = () => enqueueMinutely(sql, ["enforce_lifecycles"]);
  expect(await enqueuedBy(ask)).toBe(1);
  expect(await enqueuedBy(() => Promise.all([ask(), ask()]))).toBe(0);
  await sql`update fairlead.settings set minutely_at = now() - interval '1 minute'`;
  expect(await enqueuedBy(() => Promise.all([ask(), ask()]))).toBe(1);
  // Postgres' clock has been put back.
  await sql`update fairlead.settings set minutely_at = now() + interval '1 hour'`;
  expect(await enqueuedBy(ask)).toBe(1);
});
