import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ChangeId } from "../../../src/domain/ids.ts";
import { identify } from "../../../src/providers/environments/process-table.ts";
import { gitIn, makeWorld, type World } from "../../support/world.ts";
import { allFilesOn, shellWorkspace } from "./support.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld();
  await world.startWorker();
});
afterAll(() => world.close());

/** An app that writes as apps do: a database, uploads, a build, a touched README, and a cache that is ignored. */
const app = `const fs = require("fs");
fs.appendFileSync("dev.db", "row\\n"); fs.mkdirSync("uploads", { recursive: true }); fs.writeFileSync("uploads/a.png", "p");
fs.mkdirSync("dist", { recursive: true }); fs.writeFileSync("dist/app.js", "built"); fs.appendFileSync("README.md", "touched\\n");
fs.mkdirSync("cache", { recursive: true }); fs.appendFileSync("cache/hits", "x");
require("http").createServer((_, answer) => answer.end(fs.readFileSync("work.txt"))).listen(process.env.PORT);`;

const setup =
  'echo x >> ../setups; mkdir -p node_modules/left-pad cache; echo "{}" > tsconfig.json; echo locked >> package-lock.json';
const files = {
  "README.md": "# Shop\n",
  "package-lock.json": "lock\n",
  ".gitignore": "cache/\n",
  "server.js": app,
  "index.html": "<h1>Shop</h1>\n",
};
const own = [".gitignore", "README.md", "index.html", "package-lock.json", "server.js", "work.txt"];
const blueprint = { setup: ["sh", "-c", setup], start: ["node", "server.js"] };

const checkoutOf = async (id: ChangeId) =>
  join(world.home, "environments", (await world.change(id)).environmentId ?? "", "checkout");

async function preview(id: ChangeId): Promise<string> {
  const { previewUrl } = await world.change(id);
  return await (await fetch(previewUrl ?? "")).text();
}

test("what setup and preview write is no part of a change, in none of its rounds, and is not lost either", async () => {
  const { sql } = world.database;
  const remote = await world.repository(files);
  await shellWorkspace(world, "writing-app", remote, { script: 'echo "round $FAIRLEAD_ROUND" >> work.txt', blueprint });
  const id = await world.request("writing-app", "Work");
  const first = await world.reaches(id, "deployed");
  expect(await preview(id)).toBe("round 1\n");
  expect(await allFilesOn(remote, first.headCommit)).toEqual(own);

  await sql`select fairlead.request_changes(${id}, 'ann', 'more')`;
  await world.row(async () => ((await world.change(id)).round === 2 ? [{}] : []));
  const second = await world.reaches(id, "deployed");
  expect(await preview(id)).toBe("round 1\nround 2\n");
  expect(await allFilesOn(remote, second.headCommit)).toEqual(own);
  for (const name of ["README.md", "package-lock.json"]) {
    expect(await gitIn(remote, "show", `${second.headCommit}:${name}`)).toBe(files[name as "README.md"].trim());
  }
  // One setup, the cache kept, and the preview goes on with what it had.
  const checkout = await checkoutOf(id);
  expect(await readFile(join(checkout, "../setups"), "utf8")).toBe("x\n");
  expect(await readFile(join(checkout, "cache/hits"), "utf8")).toBe("xx");
  expect(await readFile(join(checkout, "dev.db"), "utf8")).toBe("row\nrow\n");
  expect(existsSync(join(checkout, "node_modules/left-pad"))).toBe(true);

  await sql`select fairlead.approve_change(${id}, 'ann')`;
  await world.reaches(id, "merged");
  expect(await allFilesOn(remote, "main")).toEqual(own);
}, 60_000);

test("nor when a worker is cut off just before the second round's work is settled", async () => {
  const { sql } = world.database;
  const remote = await world.repository(files);
  await shellWorkspace(world, "cut-off", remote, { script: 'echo "round $FAIRLEAD_ROUND" >> work.txt', blueprint });
  const id = await world.request("cut-off", "Work");
  await world.reaches(id, "deployed");
  // A sequence keeps its place when the transaction is lost.
  await sql`create sequence public.cut_off_once`;
  await sql.unsafe(`create function public.cut_off() returns trigger language plpgsql as $$
    begin
      if nextval('public.cut_off_once') = 1 then perform pg_terminate_backend(pg_backend_pid()); end if;
      return new;
    end $$`);
  await sql.unsafe(`create trigger cut_off before update on fairlead.change_requests for each row
    when (new.id = '${id}' and new.task = 'preview' and old.task <> 'preview' and new.round = 2) execute function public.cut_off()`);
  await sql`select fairlead.request_changes(${id}, 'ann', 'more')`;
  await world.row(async () => ((await world.change(id)).round === 2 ? [{}] : []));
  const second = await world.reaches(id, "deployed");
  const [{ times } = { times: 0 }] = await sql<
    { times: number }[]
  >`select last_value::integer as times from public.cut_off_once`;
  expect(times).toBe(2);
  expect(await allFilesOn(remote, second.headCommit)).toEqual(own);
  expect(await readFile(join(await checkoutOf(id), "dev.db"), "utf8")).toBe("row\nrow\n");
}, 60_000);

test("nor when its preview fails, and the change is tried again", async () => {
  const { sql } = world.database;
  const remote = await world.repository(files);
  const failing = { ...blueprint, start: ["sh", "-c", "echo row >> dev.db; echo touched >> README.md; exit 1"] };
  await shellWorkspace(world, "failing-app", remote, {
    script: 'echo "round $FAIRLEAD_ROUND" >> work.txt',
    blueprint: failing,
  });
  const id = await world.request("failing-app", "Work");
  const failed = await world.reaches(id, "failed");
  expect(failed.failureKind).toBe("preview");
  await world.cleaned(id);
  expect(await allFilesOn(remote, failed.branchName)).toEqual(own);
  expect(await gitIn(remote, "log", "--format=%s", `main..${failed.branchName}`)).toBe("Work");
  await sql`update fairlead.workspaces set blueprint = ${sql.json(blueprint)} where name = 'failing-app'`;
  await sql`select fairlead.retry_change(${id}, 'ann')`;
  const retried = await world.reaches(id, "deployed");
  expect(await allFilesOn(remote, retried.headCommit)).toEqual(own);
}, 60_000);

test("nor when setup alone has worked in the checkout, and fails", async () => {
  const remote = await world.repository(files);
  const failing = { ...blueprint, setup: ["sh", "-c", `${setup}; exit 1`] };
  await shellWorkspace(world, "failing-setup", remote, { script: "echo x > work.txt", blueprint: failing });
  const id = await world.request("failing-setup", "Work");
  await world.reaches(id, "failed");
  await world.cleaned(id);
  expect(await gitIn(remote, "for-each-ref", "--format=%(refname)")).toBe("refs/heads/main");
});

test("work that an agent had not committed when the change was cancelled is on the branch, and what setup made is not", async () => {
  const { sql } = world.database;
  const remote = await world.repository(files);
  const script = "echo half > work.txt; echo more >> README.md; touch ../ready; sleep 600";
  await shellWorkspace(world, "cancelled-app", remote, { script, blueprint });
  const id = await world.request("cancelled-app", "Work");
  await world.row(async () => (existsSync(join(await checkoutOf(id), "../ready")) ? [{}] : []));
  await sql`select fairlead.cancel_change(${id}, 'ann')`;
  await world.cleaned(id);
  const { branchName } = await world.change(id);
  expect(await gitIn(remote, "log", "-1", "--format=%s", branchName ?? "")).toBe("Unfinished: Work");
  expect(await allFilesOn(remote, branchName)).toEqual(own);
  expect(await gitIn(remote, "show", `${branchName}:README.md`)).toBe("# Shop\nmore");
});

/** Each leaves a process that writes its pid into `../left`, and `work.txt` a second later. */
const leaving = {
  "forks and returns": "sh -c 'echo $$ > ../left; sleep 1; echo late > work.txt' &",
  "leaves a daemon": "setsid sh -c 'echo $$ > ../left; sleep 1; echo late > work.txt' &",
  "leaves one that has dropped everything":
    'env -i setsid sh -c \'cd "$0"; echo $$ > ../left; cd /; sleep 1; echo late > "$0/work.txt"\' "$PWD" &',
  "leaves one that ignores TERM":
    "sh -c 'trap \"\" TERM; echo $$ > ../left; while :; do sleep 0.2; echo late > work.txt; done' &",
};

test.each(Object.entries(leaving))(
  "what is seen, committed and merged is one thing, though the agent %s",
  async (what, leaves) => {
    const { sql } = world.database;
    const remote = await world.repository(files);
    const name = what.replaceAll(" ", "-").toLowerCase();
    const script = `${leaves} while [ ! -s ../left ]; do sleep 0.01; done; echo early > work.txt`;
    await shellWorkspace(world, name, remote, { script, blueprint });
    const id = await world.request(name, "Work");
    const { headCommit } = await world.reaches(id, "deployed");
    // It has ended, so it can't write any more.
    expect(await identify(Number(await readFile(join(await checkoutOf(id), "../left"), "utf8")))).toBeNull();
    const committed = await gitIn(remote, "show", `${headCommit}:work.txt`);
    expect(await preview(id)).toBe(`${committed}\n`);
    await sql`select fairlead.approve_change(${id}, 'ann')`;
    await world.reaches(id, "merged");
    expect(await gitIn(remote, "show", "main:work.txt")).toBe(committed);
  },
);
