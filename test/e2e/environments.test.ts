import { readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { enforceLifecycles } from "../../src/actions/environments/enforce-lifecycles.ts";
import { jobsTable } from "../support/queue.ts";
import { gitIn, makeWorld, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld();
  await world.startWorker();
});
afterAll(() => world.close());

const write = (path: string, text: string) => ({ do: "write", path, text });

test("an environment of an active change survives the enforcer, and one of a merged change does not", async () => {
  const { sql } = world.database;
  const remote = await world.repository();
  await world.workspace("aged", remote, [[write("a", "a")]]);
  const active = await world.reaches(await world.request("aged", "Stay"), "deployed");
  const merging = await world.reaches(await world.request("aged", "Go"), "deployed");
  await sql`select fairlead.approve_change(${merging.id}, 'ann')`;
  const merged = await world.reaches(merging.id, "merged");
  await world.cleaned(merged.id);
  // One that a merged change left behind, as if it had been made by hand.
  const [left] = await sql<{ id: string }[]>`
    insert into fairlead.environments (workspace, change_id, provider, repository_url, first_port)
    values ('aged', ${merged.id}, 'local', ${remote}, 65000) returning id`;
  await sql`update fairlead.environments set created_at = now() - interval '10 days', last_used_at = now() - interval '10 days'`;
  await enforceLifecycles(world.services);
  await world.row(() => sql`select from fairlead.environments where id = ${left?.id ?? ""} and status = 'terminated'`);
  const [kept] = await sql`select status from fairlead.environments where id = ${active.environmentId}`;
  expect(kept).toEqual({ status: "ready" });
  expect((await fetch(active.previewUrl ?? "")).status).toBe(200);
});

test("a clean-up that can't save the work keeps it, says so, and tries again", async () => {
  const { sql } = world.database;
  const remote = await world.repository();
  await world.workspace("offline", remote, [[write("precious.txt", "work"), { do: "hang" }]]);
  const id = await world.request("offline", "Keep this");
  const change = await world.reaches(id, "implementing");
  const environment = world.services.provider("local").open(change.environmentId ?? ("" as never), remote);
  await world.row(async () => ((await environment.readFile("precious.txt")) === null ? [] : [{}]));
  await rename(remote, `${remote}-away`);
  await sql`select fairlead.cancel_change(${id}, 'ann')`;
  const noted = await world.row(
    () => sql<{ note: string }[]>`
    select note from fairlead.environments where id = ${change.environmentId} and note is not null`,
  );
  expect(noted.note).toContain("could not be removed yet");
  expect(await readdir(join(world.home, "environments"))).toContain(change.environmentId);
  await rename(`${remote}-away`, remote);
  await sql`update ${sql(jobsTable)} set run_at = now() where key = ${change.environmentId}`;
  await world.cleaned(id);
  expect(await gitIn(remote, "show", `${change.branchName}:precious.txt`)).toBe("work");
});

test("provisioning that takes too long fails with kind timeout", async () => {
  const hasty = await makeWorld({ FAIRLEAD_PROVISION_TIMEOUT_SECONDS: "1" });
  try {
    await hasty.startWorker();
    const remote = await hasty.repository({ ".fairlead.json": JSON.stringify({ setup: ["sleep", "60"] }) });
    await hasty.workspace("slow", remote, [[write("a", "a")]]);
    const change = await hasty.reaches(await hasty.request("slow", "x"), "failed");
    expect(change).toMatchObject({ failureKind: "timeout", failedIn: "provisioning" });
    expect(change.failureMessage).toContain("FAIRLEAD_PROVISION_TIMEOUT_SECONDS");
    await hasty.cleaned(change.id);
  } finally {
    await hasty.close();
  }
});

test("no secret of the server reaches the agent or the preview", async () => {
  process.env.FAIRLEAD_TEST_SECRET = "s3cret";
  const { sql } = world.database;
  const remote = await world.repository({ "index.html": "x" });
  await sql`insert into fairlead.workspaces (name, repository_url, default_branch, agent, agent_settings)
    values ('secret', ${remote}, 'main', 'command', ${sql.json({ argv: ["sh", "-c", "env > env.txt"] })})`;
  const change = await world.reaches(await world.request("secret", "x"), "deployed");
  const seen = await (await fetch(`${change.previewUrl}/env.txt`)).text();
  expect(seen).toContain("FAIRLEAD_REQUEST");
  expect(seen).not.toMatch(/s3cret|DATABASE_URL|VITEST/);
});
