import { expect, onTestFinished, test } from "vitest";
import { startWorker } from "../../src/main/worker.ts";
import { openPostgres } from "../../src/providers/postgres/open-postgres.ts";
import { migrate } from "../../src/store/migrate.ts";
import { connect } from "../../src/store/sql.ts";
import { databaseAt, emptyDatabase } from "../support/database.ts";
import { setOddDefaults } from "../support/postgres/odd-defaults.ts";
import { hasPgbouncer, pooler } from "../support/postgres/pgbouncer.ts";
import { makeWorld, write } from "../support/world.ts";

const pooled = test.skipIf(!hasPgbouncer);

/** What a pooler in session mode takes away is startup parameters: it sets a few itself, and drops the rest. */
pooled("through a pooler in session mode, in a database with odd defaults, a change is merged", async () => {
  const database = await emptyDatabase();
  onTestFinished(() => database.drop());
  await setOddDefaults(database.url);
  const pool = await pooler(database.url, "session", 40);
  onTestFinished(() => pool.close());
  const given = await openPostgres({ home: "/nowhere", databaseUrl: pool.url });
  expect(given.url).toBe(pool.url);
  await migrate(pool.url);

  const world = await makeWorld(
    {},
    databaseAt(pool.url, async () => {}),
  );
  onTestFinished(() => world.close());
  await world.workspace("shop", await world.repository(), [[write("f", "x")]]);
  await world.startWorker();
  const id = await world.request("shop", "Write");
  await world.reaches(id, "deployed");
  await world.database.sql`select fairlead.approve_change(${id}, 'ann')`;
  await world.cleaned(id);
  expect((await world.change(id)).status).toBe("merged");
});

pooled.each(["transaction", "statement"] as const)(
  "a pooler in %s mode is refused, and its sessions keep nothing of ours",
  async (mode) => {
    const database = await emptyDatabase();
    onTestFinished(() => database.drop());
    const pool = await pooler(database.url, mode, 2);
    onTestFinished(() => pool.close());
    await expect(openPostgres({ home: "/nowhere", databaseUrl: pool.url })).rejects.toMatchObject({
      code: "POSTGRES_POOLED",
    });
    const { default: pg } = await import("pg");
    for (let times = 0; times < 4; times += 1) {
      const client = new pg.Client({ connectionString: pool.url });
      await client.connect();
      const { rows } = await client.query(
        "select current_setting('search_path') as path, current_setting('jit') as jit",
      );
      expect(rows).toEqual([{ path: '"$user", public', jit: "on" }]);
      await client.end();
    }
  },
);

test("a worker that may not have enough connections does not begin, and says how many it needs", async () => {
  const world = await makeWorld();
  onTestFinished(() => world.close());
  const { sql, url } = world.database;
  const name = new URL(url).pathname.slice(1);
  await sql`alter database ${sql(name)} connection limit 20`.simple();
  const few = connect(url, { max: 2 });
  onTestFinished(() => few.end());
  const starts = startWorker({ services: { ...world.services, sql: few }, databaseUrl: url, concurrency: 1 });
  await expect(starts).rejects.toMatchObject({ code: "POSTGRES_CONNECTIONS_FEW", details: { limit: 20, needed: 25 } });
  expect(await sql`select from fairlead.workers`).toEqual([]);
});
