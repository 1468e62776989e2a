import { chown, mkdir, realpath, rename, rm, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { PostgresStartFailed } from "../../../domain/faults/postgres.ts";
import { exists } from "../../files.ts";
import { adminRole } from "../login.ts";
import type { Log } from "../port.ts";
import type { Account } from "./account.ts";
import { makeOnce } from "./make-once.ts";
import { makeEnterable, may, run, tailOf } from "./run.ts";

interface ClusterOptions {
  readonly home: string;
  readonly shared: string;
  readonly account: Account | null;
  readonly bin: string;
  readonly password: string;
  readonly log: Log;
}

/** For a machine that has other things to do as well. Whatever makes Postgres durable stays as it is: on. */
const settings = {
  listen_addresses: "127.0.0.1",
  // A socket in /tmp would be in everybody's reach.
  unix_socket_directories: "",
  max_connections: "200",
  shared_buffers: "128MB",
  max_wal_size: "512MB",
  timezone: "UTC",
  log_timezone: "UTC",
  log_checkpoints: "off",
};

const timeoutMs = 120_000;

/** Makes the cluster at `<home>/postgres` unless it is there, and returns its real path. */
export async function ensureCluster(options: ClusterOptions): Promise<string> {
  const place = join(options.home, "postgres");
  const parent = await parentFor(options);
  await makeOnce({
    note: join(options.home, "postgres.making"),
    made: () => exists(join(place, "PG_VERSION")),
    make: (name) => make(options, join(parent, name), place),
    clear: (name) => clear(join(parent, basename(name)), place),
  });
  return realpath(place);
}

/** The home, or the shared folder when the account can't enter the home, as nobody can enter root's. */
async function parentFor({ home, shared, account }: ClusterOptions): Promise<string> {
  if (account === null || (await may(account, "x", home))) return home;
  await makeEnterable(account, shared);
  return shared;
}

async function make(options: ClusterOptions, draft: string, place: string): Promise<void> {
  const { account, home, log } = options;
  await refuseForeign(place);
  const owner = account ?? { uid: -1, gid: -1 };
  await mkdir(draft, { mode: 0o700 });
  await chown(draft, owner.uid, owner.gid);
  const passwordFile = join(draft, "password");
  await writeFile(passwordFile, options.password, { mode: 0o600 });
  await chown(passwordFile, owner.uid, owner.gid);

  const data = join(draft, "data");
  const { ok, output } = await run(account, join(options.bin, "initdb"), initdbArgs(data, passwordFile), timeoutMs);
  if (!ok) {
    const advice = `Check free space and permissions (${draft} is where it was to be), or set DATABASE_URL.`;
    throw new PostgresStartFailed("The embedded Postgres could not be set up", tailOf(output), advice);
  }
  await rm(passwordFile);
  if (draft.startsWith(join(home, "/"))) await rename(data, place);
  else await symlink(data, place);
  log({ data }, "postgres cluster made");
}

function initdbArgs(data: string, passwordFile: string): string[] {
  return [
    ...["--pgdata", data, "--username", adminRole, "--pwfile", passwordFile, "--auth", "scram-sha-256"],
    ...["--encoding", "UTF8", "--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"],
    ...["--no-instructions"],
    ...Object.entries(settings).flatMap(([name, value]) => ["--set", `${name}=${value}`]),
  ];
}

/** What is there and is no cluster may be somebody's work, or a link whose target is gone: not ours to remove. */
async function refuseForeign(place: string): Promise<void> {
  if (!(await exists(place))) return;
  const advice = "Restore it from a backup, or move it away and Fairlead begins with an empty database.";
  throw new PostgresStartFailed(`${place} is there, but there is no Postgres cluster in it`, [], advice);
}

/** Removes a draft, unless it is where the cluster lives. */
async function clear(draft: string, place: string): Promise<void> {
  const published = await realpath(place).catch(() => null);
  if (published?.startsWith(join(draft, "/"))) return;
  await rm(draft, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}
