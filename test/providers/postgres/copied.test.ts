import { mkdir, mkdtemp, realpath, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { expect, onTestFinished, test } from "vitest";
import { openPostgres } from "../../../src/providers/postgres/open-postgres.ts";
import { migrate } from "../../../src/store/migrate.ts";
import { newHome, query, removeHome } from "./homes.ts";

const asRoot = process.geteuid?.() === 0;

/** As docs/backup.md has it: the folder, and for root the cluster as well, which lies where that links to. */
async function copyHome(home: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await execa("cp", ["-a", home, to]);
  if (!asRoot) return;
  const restored = await mkdtemp("/var/lib/fairlead/restored-");
  await rm(restored, { recursive: true });
  await mkdir(restored, { mode: 0o711 });
  await execa("cp", ["-a", await realpath(join(home, "postgres")), join(restored, "data")]);
  await rm(join(to, "postgres"));
  await symlink(join(restored, "data"), join(to, "postgres"));
}

test("a home that is copied with its cluster is another Fairlead with the same data", { timeout: 60_000 }, async () => {
  const [home, copy] = [await newHome(), await newHome()];
  onTestFinished(() => removeHome(home));
  onTestFinished(() => removeHome(copy));
  const first = await openPostgres({ home, databaseUrl: undefined });
  await migrate(first.url);
  await query(first.url, "insert into fairlead.workspaces (name, repository_url) values ('shop', '/srv/shop')");
  await first.close();
  await copyHome(home, copy);

  const both = [
    await openPostgres({ home: copy, databaseUrl: undefined }),
    await openPostgres({ home, databaseUrl: undefined }),
  ];
  for (const { url } of both) {
    expect(await migrate(url)).toEqual([]);
    expect(await query(url, "select name from fairlead.workspaces")).toEqual([{ name: "shop" }]);
  }
  expect(new URL(both[0]?.url ?? "").port).not.toBe(new URL(both[1]?.url ?? "").port);
  await query(both[0]?.url ?? "", "delete from fairlead.workspaces");
  expect(await query(both[1]?.url ?? "", "select name from fairlead.workspaces")).toEqual([{ name: "shop" }]);
  for (const postgres of both) await postgres.close();
});
