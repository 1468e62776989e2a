import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { cleanUp } from "../../src/actions/environments/clean-up.ts";
import { CheckoutBroken } from "../../src/domain/faults/git.ts";
import type { ChangeId, EnvironmentId } from "../../src/domain/ids.ts";
import { findEnvironment } from "../../src/store/environments.ts";
import { relayedRemote } from "../support/git/relayed-remote.ts";
import { filesOn, gitIn, makeWorld, type World } from "../support/world.ts";

let world: World;

beforeAll(async () => {
  world = await makeWorld({ FAIRLEAD_LOG_LEVEL: "error", FAIRLEAD_CONCURRENCY: "12" });
});
afterAll(() => world.close());

/** Its agent runs this in a shell. */
async function agent(name: string, script: string): Promise<void> {
  const { sql } = world.database;
  const settings = sql.json({ argv: ["sh", "-c", script] });
  await sql`update fairlead.workspaces set agent = 'command', agent_settings = ${settings} where name = ${name}`;
}

const commits = "echo x > f; git add f; git -c user.name=a -c user.email=a@b commit -qm w";

/** A change whose agent has committed and works on. */
async function atWork(name: string): Promise<{ id: ChangeId; environmentId: EnvironmentId }> {
  await agent(name, `${commits}; touch ready; exec sleep 600`);
  const id = await world.request(name, "Work");
  return await world.row(async () => {
    const { environmentId } = await world.change(id);
    if (environmentId === null) return [];
    return existsSync(join(world.home, "environments", environmentId, "checkout", "ready"))
      ? [{ id, environmentId }]
      : [];
  });
}

test("clean-ups that wait for a silent remote hold up no cancellation, and nothing that is done each minute", async () => {
  const { sql } = world.database;
  const worker = await world.startWorker();
  const silent = await relayedRemote(await world.repository());
  onTestFinished(silent.close);
  await world.workspace("silent", silent.url, []);
  const hung = await Promise.all(Array.from({ length: 6 }, () => atWork("silent")));
  silent.fallSilent();
  const remote = await world.repository();
  await world.workspace("answering", remote, []);
  const other = await atWork("answering");
  await sql`select fairlead.cancel_change(id, 'ann') from unnest(${hung.map(({ id }) => id)}::text[]) as c(id)`;
  await world.row(async () => (silent.held() >= hung.length ? [{}] : []));

  const before = performance.now();
  await sql`select fairlead.cancel_change(${other.id}, 'ann')`;
  await world.cleaned(other.id);
  await sql`select fairlead.add_job(task, null, 'now-' || task)
    from unnest('{reconcile,enforce_lifecycles}'::text[]) as t(task)`;
  await world.row(() => sql`select where not exists (select from fairlead.jobs where key like 'now-%')`);
  expect(performance.now() - before).toBeLessThan(10_000);
  expect(await gitIn(remote, "show", `${(await world.change(other.id)).branchName}:f`)).toBe("x");
  const provider = world.services.provider("local");
  for (const { environmentId } of hung) expect((await provider.remains(environmentId)).folder).toBe(true);
  await worker.stop();

  // What they hold, they hold for a minute at most; here less.
  const services = { ...world.services, limits: { ...world.services.limits, remoteMs: 500 } };
  const [first] = hung;
  const row = await findEnvironment(sql, first?.environmentId ?? ("" as EnvironmentId));
  if (row === null) throw new Error("it is gone");
  await cleanUp(services, row, new AbortController().signal);
  const { status, note } = (await findEnvironment(sql, row.id)) ?? {};
  expect({ status, note }).toEqual({ status: "terminating", note: expect.stringContaining("within 0.5 s") });
}, 60_000);

test("a checkout whose .git is gone is put aside, and the retry goes on without it", async () => {
  await putsAside({ name: "no-git", breaks: "rm -rf .git", why: "not a git repository" });
}, 60_000);

test("so is one whose index can't be read", async () => {
  await putsAside({ name: "no-index", breaks: "echo broken > .git/index", why: "index file" });
}, 60_000);

test.each([
  ["gone", "git remote remove origin"],
  ["somewhere else", "git remote set-url origin git://127.0.0.1:9/elsewhere.git"],
])(
  "a checkout whose remote is %s saves its work at the workspace's address all the same",
  async (what, breaks) => {
    const { sql } = world.database;
    const worker = await world.startWorker();
    onTestFinished(() => worker.stop());
    const [name, remote] = [`remote-${what.replaceAll(" ", "-")}`, await world.repository()];
    await world.workspace(name, remote, []);
    await agent(name, `${commits}; ${breaks}; exit 1`);
    const id = await world.request(name, "Break it");
    const { branchName } = await world.reaches(id, "failed");
    await world.cleaned(id);
    expect(await filesOn(remote, branchName)).toEqual(["f", "index.html"]);
    await agent(name, "echo y > g");
    await sql`select fairlead.retry_change(${id}, 'ann')`;
    await world.reaches(id, "deployed");
    expect(await filesOn(remote, branchName)).toEqual(["f", "g", "index.html"]);
  },
  60_000,
);

async function putsAside({ name, breaks, why }: { name: string; breaks: string; why: string }): Promise<void> {
  const { sql } = world.database;
  const worker = await world.startWorker();
  onTestFinished(() => worker.stop());
  await world.workspace(name, await world.repository(), []);
  await agent(name, `${commits}; ${breaks}; exit 1`);
  const id = await world.request(name, "Break it");
  const { environmentId } = await world.reaches(id, "failed");
  if (environmentId === null) throw new Error("it had no environment");
  await agent(name, "echo y > g");
  await sql`select fairlead.retry_change(${id}, 'ann')`;
  await world.reaches(id, "deployed");

  const folder = join(world.home, "kept", environmentId);
  expect(await readFile(join(folder, "f"), "utf8")).toBe("x\n");
  const [row] = await sql`
    select state, note from fairlead.resources where environment_id = ${environmentId} and kind = 'worktree'`;
  expect(row).toEqual({ state: "kept", note: expect.stringContaining(folder) });
  expect(row?.note).toContain(why);
  expect(await sql`select kind, name from fairlead.leaks where environment_id = ${environmentId}`).toEqual([]);
  const provider = world.services.provider("local");
  expect(await provider.remains(environmentId)).toEqual({ folder: false, processes: [] });
  expect(await provider.keep(environmentId)).toBe(folder);
  expect(existsSync(join(folder, "f"))).toBe(true);
}

test("a checkout that was put aside before a crash, and not noted, is noted by the next clean-up", async () => {
  const { sql } = world.database;
  const worker = await world.startWorker();
  await world.workspace("crashed", await world.repository(), []);
  const { id, environmentId } = await atWork("crashed");
  await worker.stop();
  await sql`select fairlead.cancel_change(${id}, 'ann')`;
  const provider = world.services.provider("local");
  await provider.quiesce(environmentId, 1000);
  const folder = await provider.keep(environmentId);
  await world.startWorker();
  await world.cleaned(id);
  const [row] = await sql`
    select state, note from fairlead.resources where environment_id = ${environmentId} and kind = 'worktree'`;
  expect(row).toEqual({ state: "kept", note: expect.stringContaining(String(folder)) });
});

test.each([
  ["not a git repository (or any of the parent directories): .git", false],
  ["index file corrupt", false],
  ["sha1 file '.git/index.lock' write error: No space left on device", true],
  ["cannot fork() for rev-list: Resource temporarily unavailable", true],
  ["git was not found on the PATH", true],
])("a checkout of which git says “%s” is for the machine to mend: %s", (reason, isPassing) => {
  expect(new CheckoutBroken("commit", reason).isPassing).toBe(isPassing);
});
