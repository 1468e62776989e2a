import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { entitiesWithoutJob } from "../../../src/store/health/health.ts";
import { migrate } from "../../../src/store/migrate.ts";
import { databaseAt } from "../../support/database.ts";
import { said } from "../../support/history.ts";
import { type Cluster, makeCluster, pgDump, programs, psql } from "../../support/postgres/debian-postgres.ts";
import { jobsTable } from "../../support/queue.ts";
import { workerProcess } from "../../support/worker-process.ts";
import { gitIn, makeWorld, write } from "../../support/world.ts";

let there: Cluster;
let here: Cluster;
beforeAll(async () => {
  if (programs === null) return;
  [there, here] = await Promise.all([makeCluster(), makeCluster()]);
  await there.age(20_000);
  for (const cluster of [there, here]) {
    await psql(cluster.url("postgres"), ["-c", "create role fairlead login"]);
    await psql(cluster.url("postgres"), ["-c", "create database app owner fairlead"]);
  }
}, 60_000);
afterAll(async () => {
  await Promise.all([there?.close(), here?.close()]);
});

const say = (text: string) => ({ do: "say", text });
const hang = { do: "hang", ignoreTerm: false };

test.skipIf(programs === null)(
  "a Fairlead that is moved to another machine by dump and copy goes on with what was in flight",
  { timeout: 90_000 },
  async () => {
    const from = there.url("app", "fairlead");
    await migrate(from);
    const world = await makeWorld(
      {},
      databaseAt(from, async () => {}),
    );
    onTestFinished(() => world.close());
    const { sql } = world.database;
    const remote = await world.repository();
    await world.workspace("quick", remote, [[write("quick", "1")]]);
    await world.workspace("late", remote, [[write("late", "1")]]);
    await world.workspace("slow", remote, [
      [write("slow", "1"), { do: "commit", message: "Half" }, say("half done"), hang],
    ]);
    const worker = await workerProcess(world, { FAIRLEAD_PUSH_SECONDS: "1" });
    const [merged, deployed] = [await world.request("quick", "Merged"), await world.request("quick", "Deployed")];
    await world.reaches(merged, "deployed");
    await sql`select fairlead.approve_change(${merged}, 'ann')`;
    await world.reaches(merged, "merged");
    await world.reaches(deployed, "deployed");
    const slow = await world.request("slow", "Implementing");
    const { environmentId } = await said(world, slow, "half done");
    await world.row(async () =>
      (await gitIn(remote, "show", `${(await world.change(slow)).branchName}:slow`)) === "1" ? [{}] : [],
    );
    await sql`update fairlead.settings set max_active_changes = 1`;
    const waiting = await world.request("late", "Pending");
    worker.kill("SIGKILL");
    await worker.exited;
    // As on a machine whose clock was ahead.
    await sql`update fairlead.settings set minutely_at = now() + interval '1 day'`;
    expect((await sql`select from ${sql(jobsTable)} where locked_by is not null`).length).toBeGreaterThan(0);

    const to = here.url("app", "fairlead");
    await psql(to, ["-1"], await pgDump(from, ["--schema=fairlead", "--schema=fairlead_worker"]));
    const home = join(await mkdtemp(join(tmpdir(), "fairlead-moved-")), "home");
    onTestFinished(() => rm(join(home, ".."), { recursive: true, force: true }));
    await cp(world.home, home, { recursive: true, verbatimSymlinks: true });
    // Its machine is gone, and with it its processes.
    await world.services.provider("local").terminate(environmentId as never, remote);
    await rm(join(world.home, "id"));

    expect(await migrate(to)).toEqual([]);
    const moved = await makeWorld(
      { FAIRLEAD_HOME: home },
      databaseAt(to, async () => {}),
    );
    onTestFinished(() => moved.close());
    const restored = moved.database.sql;
    await restored`update fairlead.workspaces set agent_settings = ${restored.json({ rounds: [[write("rest", "2")]] } as never)} where name = 'slow'`;
    await restored`update fairlead.settings set max_active_changes = 12`;
    await moved.startWorker();
    await restored`select fairlead.approve_change(${deployed}, 'ann')`;
    await moved.reaches(deployed, "merged");
    await moved.reaches(slow, "deployed");
    expect(await gitIn(remote, "show", `${(await moved.change(slow)).branchName}:slow`)).toBe("1");
    await moved.reaches(waiting, "deployed");
    for (const id of [slow, waiting]) {
      await restored`select fairlead.approve_change(${id}, 'ann')`;
      await moved.reaches(id, "merged");
      await moved.cleaned(id);
    }
    expect(await entitiesWithoutJob(restored)).toEqual([]);
    expect(await restored`select from fairlead.workers where id = ${worker.id}`).toEqual([]);
    await moved.row(() => restored`select from fairlead.settings where minutely_at < now() + interval '1 minute'`);
    const cursors = await restored<{ kind: string }[]>`
      select kind from fairlead.events where change_id = ${merged} order by xid, seq`;
    expect(cursors.at(-1)?.kind).toBe("environment.terminated");
    await execa("git", ["fsck", "--no-dangling"], { cwd: remote });
  },
);
