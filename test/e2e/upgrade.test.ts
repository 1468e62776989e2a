import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { expect, onTestFinished, test } from "vitest";
import type { ChangeId, EnvironmentId } from "../../src/domain/ids.ts";
import type { RunId } from "../../src/domain/plans/run.ts";
import { migrate } from "../../src/store/migrate.ts";
import { emptyDatabase } from "../support/database.ts";
import { formerSchemas } from "../support/postgres/former-schemas.ts";
import { leaveInFlight, type Standing } from "../support/postgres/in-flight.ts";
import { runReaches } from "../support/runs.ts";
import { gitIn, makeRepository, makeWorld } from "../support/world.ts";

const released = formerSchemas.filter(({ commit }) => ["f8571e8", "382fd1b", "f3c664f", "05e52d6"].includes(commit));

test.each(released)("what $version ($commit) left in flight goes on to merged", { timeout: 90_000 }, async (schema) => {
  const folder = await mkdtemp(`${tmpdir()}/fairlead-upgrade-`);
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const remote = await makeRepository(folder, { f: "1\n" });
  const database = await emptyDatabase();
  await schema.applyTo(database.url);
  const { changes, run } = await leaveInFlight(database.url, schema, remote);
  await migrate(database.url);

  const world = await makeWorld({}, database.migrated());
  onTestFinished(() => world.close());
  const { sql } = world.database;
  // Its folder is on the machine, as it was when the worker was stopped.
  const environment = { id: (run?.environmentId ?? "") as EnvironmentId, folder: null };
  if (run !== null) await world.services.provider("local").provision(environment, AbortSignal.timeout(10_000));
  const id = (standing: Standing) => changes[standing] as ChangeId;
  await sql`select fairlead.approve_change(${id("deployed")}, 'ann')`;
  await world.startWorker();

  for (const standing of ["merging", "approved", "deployed"] as const) await world.reaches(id(standing), "merged");
  await sql`select fairlead.retry_change(${id("failed")}, 'ann')`;
  await sql`update fairlead.settings set max_active_changes = 12`;
  for (const standing of ["provisioning", "implementing", "failed", "pending"] as const) {
    await world.reaches(id(standing), "deployed");
    await sql`select fairlead.approve_change(${id(standing)}, 'ann')`;
  }
  for (const change of Object.values(changes)) {
    await world.reaches(change as ChangeId, "merged");
    await world.cleaned(change as ChangeId);
  }
  const merges = (await gitIn(remote, "log", "--merges", "--format=%H", "main")).split("\n");
  expect(merges).toHaveLength(Object.keys(changes).length);
  if (run !== null) await runReaches(world, run.id as RunId, "succeeded");
});
