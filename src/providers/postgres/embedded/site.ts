import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { DataFolderUnusable } from "../../../domain/faults/data-folders.ts";
import { exists, makeFolder } from "../../files.ts";
import type { Log } from "../port.ts";
import { type Account, accountForPostgres } from "./account.ts";
import { installedDistribution, reachableDistribution } from "./binaries.ts";
import { ensureCluster } from "./cluster.ts";
import { passwordFiles, passwordOf } from "./password.ts";

/** An embedded Postgres that could be started: where everything of it is. */
export interface Site {
  readonly home: string;
  /** Null: it runs as the user we are. */
  readonly account: Account | null;
  /** The folder with initdb, pg_ctl and postgres. */
  readonly bin: string;
  /** The cluster's folder, no symlink. */
  readonly data: string;
  /** Of the everyday role. */
  readonly password: string;
  readonly adminPassword: string;
  readonly logFile: string;
  readonly log: Log;
}

/** Where root keeps what the user postgres must reach and can't reach in root's own folders. */
const shared = "/var/lib/fairlead";

export interface SiteOptions {
  readonly home: string;
  readonly log: Log;
  readonly onSetup: (home: string) => void;
}

/** Finds the embedded Postgres of a home, and makes what is missing of it. */
export async function prepareSite(options: SiteOptions): Promise<Site> {
  const home = resolve(options.home);
  await makeFolder(home).catch((error: Error) => {
    throw new DataFolderUnusable(home, error.message, { cause: error });
  });
  if (!(await exists(join(home, "postgres", "PG_VERSION")))) options.onSetup(home);
  const account = (await ownerOfCluster(home)) ?? (await accountForPostgres(shared));
  const distribution = await reachableDistribution(account, await installedDistribution(), shared);
  const bin = join(distribution.folder, "bin");
  const password = await passwordOf(home, passwordFiles.everyday);
  const adminPassword = await passwordOf(home, passwordFiles.admin);
  const data = await ensureCluster({ home, shared, account, bin, password: adminPassword, log: options.log });
  return { home, account, bin, data, password, adminPassword, logFile: join(home, "postgres.log"), log: options.log };
}

/** Root runs a cluster as whoever it belongs to: after `sudo`, or in a new container where `postgres` has another id. */
async function ownerOfCluster(home: string): Promise<Account | null> {
  if (process.geteuid?.() !== 0) return null;
  const found = await stat(join(home, "postgres", "PG_VERSION")).catch(() => null);
  return found === null || found.uid === 0 ? null : { uid: found.uid, gid: found.gid };
}
