import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { EnvironmentId } from "../../../src/domain/ids.ts";
import { countedAgent } from "../../support/counted-agent.ts";
import { jobsTable } from "../../support/queue.ts";
import { type SmallDisk, smallDisk } from "../../support/small-disk.ts";
import { gitIn, makeWorld, type World } from "../../support/world.ts";

/** A Fairlead whose data folder is on a small disk, its repositories elsewhere; null where nobody may mount one. */
async function worldOnSmallDisk(): Promise<{ world: World; disk: SmallDisk } | null> {
  const disk = await smallDisk(8);
  if (disk === null) return null;
  onTestFinished(() => disk.unmount());
  const world = await makeWorld({ FAIRLEAD_HOME: disk.path, FAIRLEAD_LOG_LEVEL: "silent" });
  onTestFinished(() => world.close());
  return { world, disk };
}

test("an agent that fills the disk fails its change with that reason, and its work is saved when there is room", async (context) => {
  const here = await worldOnSmallDisk();
  if (here === null) return context.skip("a small disk can be mounted by root only");
  const { world, disk } = here;
  await world.startWorker();
  const remote = await world.repository();
  const fills = "echo work > precious.txt; while head -c 65536 /dev/zero | tr '\\0' x; do :; done; exit 1";
  const agent = await countedAgent(world, "flood", remote, fills);
  const id = await world.request("flood", "Say a lot");
  const failed = await world.reaches(id, "failed");
  expect(failed.failureMessage).toMatch(/disk|no space/i);
  expect(failed.failedIn).toBe("implementing");
  const { environmentId } = failed;
  const kept = await world.row(
    () => world.database.sql<{ note: string }[]>`
      select note from fairlead.environments where id = ${environmentId} and note is not null`,
  );
  expect(kept.note).toMatch(/no space left/i);
  const environment = world.services.provider("local").open(environmentId as EnvironmentId, remote);
  expect(await environment.readFile("precious.txt")).toBe("work\n");

  await disk.makeRoom();
  await world.database.sql`update ${world.database.sql(jobsTable)} set run_at = now() where key = ${environmentId}`;
  await world.cleaned(id);
  expect(await gitIn(remote, "show", `${failed.branchName}:precious.txt`)).toBe("work");
  expect(await agent.starts()).toBe(1);
  const remains = await world.services.provider("local").remains(environmentId as EnvironmentId);
  expect(remains).toEqual({ folder: false, processes: [] });
  expect(await readdir(join(disk.path, "environments"))).toEqual([]);
}, 60_000);
