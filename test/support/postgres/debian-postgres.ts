import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { accountForPostgres } from "../../../src/providers/postgres/embedded/account.ts";
import { choosePort } from "../../../src/providers/postgres/embedded/ports.ts";

/** Where Debian keeps a Postgres with all its programs: the embedded one has neither pg_dump nor psql. Null: not here. */
export const programs: string | null =
  ["18", "17", "16", "15", "14"]
    .map((version) => `/usr/lib/postgresql/${version}/bin`)
    .find((folder) => existsSync(join(folder, "initdb")) && existsSync(join(folder, "pg_dump"))) ?? null;

/** A cluster of its own, which everybody on this machine may enter. */
export interface Cluster {
  readonly port: number;
  url(database: string, user?: string): string;
  /** Has transactions, so that its ids are far ahead. */
  age(transactions: number): Promise<void>;
  close(): Promise<void>;
}

export async function makeCluster(): Promise<Cluster> {
  if (programs === null) throw new Error("there is no Postgres in /usr/lib/postgresql");
  const folder = await mkdtemp(join(tmpdir(), "fairlead-cluster-"));
  await chmod(folder, 0o711);
  const account = await accountForPostgres("/var/lib/fairlead");
  const as = { ...(account ?? {}), cwd: "/" };
  if (account !== null) await execa("chown", [String(account.uid), folder]);
  const data = join(folder, "data");
  const port = await choosePort(0);
  await execa(join(programs, "initdb"), ["-D", data, "-U", "admin", "--auth=trust", "-E", "UTF8", "--locale=C"], as);
  const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c max_connections=100`;
  await execa(join(programs, "pg_ctl"), ["-D", data, "-w", "-l", join(folder, "log"), "-o", options, "start"], as);
  const url = (database: string, user = "admin") => `postgres://${user}@127.0.0.1:${port}/${database}`;
  return {
    port,
    url,
    async age(transactions) {
      const burn = `do $$ begin for i in 1..${transactions} loop perform pg_current_xact_id(); commit; end loop; end $$`;
      await psql(url("postgres"), ["-c", burn]);
    },
    async close() {
      await execa(join(programs, "pg_ctl"), ["-D", data, "-m", "immediate", "stop"], { ...as, reject: false });
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Throws with what psql said when a statement fails. */
export async function psql(url: string, args: readonly string[], input?: string): Promise<string> {
  const given = input === undefined ? { stdin: "ignore" as const } : { input };
  const common = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url];
  const { stdout } = await execa(join(programs ?? "", "psql"), [...common, ...args], given);
  return stdout;
}

export async function pgDump(url: string, args: readonly string[] = []): Promise<string> {
  const { stdout } = await execa(join(programs ?? "", "pg_dump"), ["-d", url, ...args], { maxBuffer: 100_000_000 });
  return stdout;
}
