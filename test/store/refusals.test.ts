import pg from "pg";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { schemaState } from "../../src/store/health/health.ts";
import { migrate } from "../../src/store/migrate.ts";
import { connect, type Sql } from "../../src/store/sql.ts";
import { holdWorkerLock, type WorkerId } from "../../src/store/workers.ts";
import { type EmptyDatabase, emptyDatabase } from "../support/database.ts";
import { catalogueOf } from "../support/postgres/catalogue.ts";
import { formerSchemas } from "../support/postgres/former-schemas.ts";

let database: EmptyDatabase;
let sql: Sql;
beforeEach(async () => {
  database = await emptyDatabase();
  sql = connect(database.url, { max: 2 });
  onTestFinished(() => database.drop());
  onTestFinished(() => sql.end({ timeout: 1 }));
});

const former = (commit: string) => formerSchemas.find((schema) => schema.commit === commit) ?? formerSchemas[0];
const worker = { id: "01K5TZ8M3RB6Q4W2E9XJDVH7NC" as WorkerId, host: "elsewhere", pid: 4711 };

/** All of a refused database is as it was. */
async function refusedWith(code: string): Promise<void> {
  const look = async () => [
    await catalogueOf(sql, "fairlead"),
    await sql`select * from fairlead.migrations order by id`,
  ];
  const before = await look();
  await expect(migrate(database.url)).rejects.toMatchObject({ code });
  expect(await look()).toEqual(before);
}

test("a database that a newer program has migrated is left to that one", async () => {
  await migrate(database.url);
  await sql`insert into fairlead.migrations (name, run_on) values ('0099_future', now())`;
  await refusedWith("DATABASE_NEWER");
  expect(await schemaState(sql)).toMatchObject({ unknown: ["0099_future"] });
  await expect(holdWorkerLock(database.url, worker)).rejects.toMatchObject({ code: "DATABASE_NEWER" });
  expect(await sql`select from fairlead.workers`).toEqual([]);
});

test("the definitions of a newer program are not replaced by older ones", async () => {
  await migrate(database.url);
  await sql`update fairlead.installation set program = '999.0.0', definitions = 'theirs'`;
  await refusedWith("DATABASE_NEWER");
  // Where they are the same, a lower version number is no reason to refuse.
  await sql`update fairlead.installation set program = '0.0.1', definitions = 'theirs'`;
  expect(await migrate(database.url)).toEqual(["definitions"]);
  await sql`update fairlead.installation set program = '999.0.0'`;
  expect(await migrate(database.url)).toEqual([]);
});

test("a migration that was changed after it had been applied is refused, and doctor can tell", async () => {
  await migrate(database.url);
  await sql`update fairlead.migrations set checksum = ${"0".repeat(64)} where name = '0003_plans'`;
  await refusedWith("MIGRATION_CHANGED");
  expect(await schemaState(sql)).toMatchObject({ changed: ["0003_plans"] });
});

test("every migration's checksum is kept, also of those that were applied before there were any", async () => {
  await former("f3c664f")?.applyTo(database.url);
  await migrate(database.url);
  const rows = await sql<{ name: string; checksum: string }[]>`select name, checksum from fairlead.migrations`;
  expect(rows.length).toBeGreaterThan(4);
  for (const { checksum } of rows) expect(checksum).toMatch(/^[0-9a-f]{64}$/);
});

test.each(["f8571e8", "382fd1b", "05e52d6"])(
  "a living worker of %s is named, and nothing is migrated",
  async (commit) => {
    await former(commit)?.applyTo(database.url);
    const session = new pg.Client({ connectionString: database.url });
    await session.connect();
    onTestFinished(() => session.end().catch(() => {}));
    await session.query("select pg_advisory_lock(fairlead.worker_key($1))", [worker.id]);
    await session.query("insert into fairlead.workers (id, host, pid) values ($1, $2, $3)", [...Object.values(worker)]);
    const refused = migrate(database.url);
    await expect(refused).rejects.toMatchObject({ code: "OLDER_WORKER_ALIVE" });
    await expect(refused).rejects.toThrow(/process 4711 on host elsewhere/);
    expect(await sql`select from pg_namespace where nspname = 'fairlead_worker'`).toEqual([]);
    // Once it is gone, its row is no obstacle.
    await session.end();
    await expect
      .poll(
        () => sql`select from pg_locks where locktype = 'advisory'
        and database = (select oid from pg_database where datname = current_database())`,
        { timeout: 5_000 },
      )
      .toEqual([]);
    expect(await migrate(database.url)).toContain("0005_installation");
  },
);

test("a worker of 0.3.0 that begins anew in a migrated database is told why it can't", async () => {
  await former("05e52d6")?.applyTo(database.url);
  await migrate(database.url);
  const begins = sql`insert into fairlead.workers (id, host, pid) values (${worker.id}, ${worker.host}, ${worker.pid})`;
  await expect(begins).rejects.toThrow(/newer Fairlead.*host elsewhere, process 4711/);
});

test("0.3.0 stops with a reason before it would put its own functions back", async () => {
  await former("05e52d6")?.applyTo(database.url);
  await migrate(database.url);
  const before = await catalogueOf(sql, "fairlead");
  // Its migrations find nothing to do; then it asks for the definitions, and would replace them.
  await expect(former("05e52d6")?.applyTo(database.url)).rejects.toThrow();
  await expect(sql`select hash from fairlead.definitions`).rejects.toThrow(/migrated by a newer Fairlead/);
  expect(await catalogueOf(sql, "fairlead")).toEqual(before);
});
