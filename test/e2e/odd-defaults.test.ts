import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testDatabase } from "../support/database.ts";
import { setOddDefaults } from "../support/postgres/odd-defaults.ts";
import { gitIn, makeWorld, type World, write } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  const database = await testDatabase();
  await setOddDefaults(database.url);
  // Those of before have the defaults of before.
  await database.sql`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`;
  world = await makeWorld({}, database);
  await world.startWorker();
});
afterAll(() => world.close());

const program = new URL("../../src/main/fairlead.ts", import.meta.url).pathname;

/** The command line, with a DATABASE_URL that leads there. */
async function fairlead(...args: string[]) {
  const env = { DATABASE_URL: world.database.url, FAIRLEAD_HOME: world.home, FORCE_COLOR: "0" };
  return await execa(process.execPath, [program, ...args], { env, reject: false });
}

test("in a database with odd defaults a change is merged, and the command line shows it", async () => {
  const remote = await world.repository();
  await world.workspace("odd", remote, [[write("f", "x")], [write("f", "y")]]);
  const id = await world.request("odd", "Write");
  await world.reaches(id, "deployed");
  const shown = await fairlead("show", id, "--json");
  expect(shown.stderr).toBe("");
  expect(JSON.parse(shown.stdout)).toMatchObject({
    status: "deployed",
    created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
  });
  expect((await fairlead("request-changes", id, "--text", "Make it y")).exitCode).toBe(0);
  await world.row(async () => ((await world.change(id)).round === 2 ? [{}] : []));
  await world.reaches(id, "deployed");
  expect((await fairlead("approve", id)).exitCode).toBe(0);
  await world.reaches(id, "merged");
  await world.cleaned(id);
  expect(await gitIn(remote, "show", "main:f")).toBe("y");
  expect((await fairlead("ls")).stdout).toContain("merged");
  expect((await fairlead("doctor")).stdout).toContain("up to date");
});
