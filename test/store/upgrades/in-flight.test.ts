import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { entitiesWithoutJob } from "../../../src/store/health/health.ts";
import { migrate } from "../../../src/store/migrate.ts";
import { connect } from "../../../src/store/sql.ts";
import { emptyDatabase } from "../../support/database.ts";
import { formerSchemas } from "../../support/postgres/former-schemas.ts";
import { leaveInFlight } from "../../support/postgres/in-flight.ts";
import { adminOf } from "../../support/postgres/logins.ts";
import { makeRepository } from "../../support/world.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(`${tmpdir()}/fairlead-upgrade-`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Jobs of another application in the same schema, which has tasks and keys that look like ours. */
const foreign = [
  ["merge", "contacts"],
  ["reconcile", "accounts"],
  ["send_mail", "reconcile"],
  ["provision", null],
] as const;

const states = `select id, status, task, version from fairlead.change_requests order by id`;

test.each(formerSchemas)("what is in flight in $version, $commit, has its job in the new queue", async (schema) => {
  const database = await emptyDatabase();
  const former = connect(database.url, { max: 1 });
  try {
    await schema.applyTo(database.url);
    const left = await leaveInFlight(database.url, schema, await makeRepository(folder, { f: "1\n" }));
    for (const [task, key] of foreign) {
      await former`select graphile_worker.add_job(${task}, '{"theirs": true}', job_key => ${key})`;
    }
    const theirs = () => former`
      select j.*, t.identifier from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = j.task_id
      where j.payload::jsonb ? 'theirs' order by j.id`;
    const [jobs, before] = [await theirs(), await former.unsafe(states)];
    expect(jobs).toHaveLength(foreign.length);

    await migrate(database.url);
    expect(await theirs()).toEqual(jobs);
    expect(await former`select from graphile_worker._private_jobs where not payload::jsonb ? 'theirs'`).toEqual([]);
    expect(await former.unsafe(states)).toEqual(before);
    expect(await entitiesWithoutJob(former)).toEqual([]);
    const queued = await former<{ key: string; task: string }[]>`
      select key, task_identifier as task from fairlead.jobs where key = any (${Object.values(left.changes)})`;
    const { changes } = left;
    expect(Object.fromEntries(queued.map(({ key, task }) => [key, task]))).toEqual({
      [changes.provisioning]: "provision",
      [changes.implementing]: "implement",
      // Of two that were approved, the first one's turn has come.
      [changes.approved]: "merge",
    });
    if (left.run !== null) {
      const steps = await former`select s.key, j.task_identifier as task from fairlead.steps s
        left join fairlead.jobs j on j.key = s.id where s.run_id = ${left.run.id} order by s.position`;
      expect(steps).toEqual([
        { key: "one", task: null },
        { key: "two", task: "run_step" },
        { key: "three", task: null },
      ]);
    }
  } finally {
    await former.end();
    await database.drop();
  }
});

test.each([
  [
    "may not look into",
    (role: string) =>
      `revoke all on schema graphile_worker from ${role}; alter schema graphile_worker owner to current_user`,
  ],
  [
    "sees no row of",
    (role: string) =>
      `alter table graphile_worker._private_jobs owner to current_user; grant all on graphile_worker._private_jobs to ${role}`,
  ],
])("an old queue that our role %s is left as it is, and the new queue has every job", async (_what, change) => {
  const database = await emptyDatabase();
  const admin = await adminOf(database.url);
  const sql = connect(database.url, { max: 1 });
  try {
    await formerSchemas.at(-1)?.applyTo(database.url);
    const [schema] = formerSchemas.slice(-1);
    if (schema === undefined) throw new Error("no schema is recorded");
    const { changes } = await leaveInFlight(database.url, schema, await makeRepository(folder, { f: "1\n" }));
    await admin.query(change(decodeURIComponent(new URL(database.url).username)));
    const jobs = async () => (await admin.query("select * from graphile_worker._private_jobs order by id")).rows;
    const before = await jobs();
    expect(before.length).toBeGreaterThan(3);
    await migrate(database.url);
    expect(await jobs()).toEqual(before);
    expect(await entitiesWithoutJob(sql)).toEqual([]);
    expect(await sql`select from fairlead.jobs where key = ${changes.implementing}`).toHaveLength(1);
  } finally {
    await sql.end();
    await database.drop();
  }
});
