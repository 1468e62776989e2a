import { chmod, cp, lstat, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { accountForPostgres } from "../../../src/providers/postgres/embedded/account.ts";
import { installedDistribution, reachableDistribution } from "../../../src/providers/postgres/embedded/binaries.ts";
import { run } from "../../../src/providers/postgres/embedded/run.ts";

const asRoot = process.geteuid?.() === 0;
let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fairlead-binaries-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

test("the installed binaries are used where they can be run", async () => {
  const installed = await installedDistribution();
  expect(await reachableDistribution(null, installed, join(folder, "shared"))).toEqual(installed);
  expect(await readdir(folder)).toEqual([]);
});

test.runIf(asRoot)(
  "binaries in a folder of root's alone are copied once, symlinks as they are",
  async () => {
    const account = await accountForPostgres(join(folder, "shared"));
    const { folder: original, version } = await installedDistribution();
    const locked = { folder: join(folder, "locked", "native"), version };
    await cp(original, locked.folder, { recursive: true, verbatimSymlinks: true });
    await chmod(join(folder, "locked"), 0o700);
    await chmod(folder, 0o711);

    const shared = join(folder, "shared");
    const copies = await Promise.all([1, 2, 3].map(() => reachableDistribution(account, locked, shared)));
    const copy = join(shared, `postgresql-${version}`);
    expect(copies.map((found) => found.folder)).toEqual([copy, copy, copy]);
    expect(await readdir(shared)).toEqual([`postgresql-${version}`]);
    const { output } = await run(account, join(copy, "bin", "postgres"), ["--version"], 10_000);
    expect(output).toMatch(/^postgres \(PostgreSQL\) 18\./);
    const links = async (root: string) => {
      const names = await readdir(join(root, "lib"));
      const kinds = await Promise.all(
        names.map(async (name) => (await lstat(join(root, "lib", name))).isSymbolicLink()),
      );
      return names.filter((_, index) => kinds[index]);
    };
    expect(await links(copy)).toEqual(await links(original));
  },
  20_000,
);
