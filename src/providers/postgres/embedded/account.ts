import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { PostgresUserMissing } from "../../../domain/faults/postgres.ts";
import { makeOnce } from "./make-once.ts";

/** The user that the embedded Postgres runs as. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

const name = "postgres";
const quietly = { reject: false, timeout: 10_000 } as const;

/**
 * Null for an ordinary user, who runs Postgres as himself; for root the system user `postgres`, made when missing. One
 * process at a time makes it: of two useradd at once, the second gives the user another id after the first has ended.
 */
export async function accountForPostgres(shared: string): Promise<Account | null> {
  if (process.geteuid?.() !== 0) return null;
  const account = (await lookUp()) ?? (await createOnce(shared));
  // Inside some containers root is not allowed to become anybody else.
  const probe = await execa("true", [], { ...quietly, ...account, cwd: "/" });
  if (probe.failed) throw new PostgresUserMissing(`root may not switch to it: ${probe.shortMessage}`);
  return account;
}

async function createOnce(shared: string): Promise<Account | null> {
  await mkdir(shared, { recursive: true });
  await makeOnce({
    note: join(shared, "account.making"),
    made: async () => (await lookUp()) !== null,
    make: create,
    clear: async () => {},
  });
  return lookUp();
}

async function lookUp(): Promise<Account | null> {
  const [uid, gid] = await Promise.all([execa("id", ["-u", name], quietly), execa("id", ["-g", name], quietly)]);
  return uid.failed || gid.failed ? null : { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

/** By the tools of Debian and the like, or else by those of busybox. */
async function create(): Promise<void> {
  await execa("groupadd", ["--system", "--force", name], quietly);
  const user = ["--system", "--no-create-home", "--shell", "/bin/false", "--gid", name, name];
  const added = await execa("useradd", user, quietly);
  if (!added.failed) return;
  await execa("addgroup", ["-S", name], quietly);
  const addedByBusybox = await execa("adduser", ["-S", "-D", "-H", "-s", "/bin/false", "-G", name, name], quietly);
  if (addedByBusybox.failed) throw new PostgresUserMissing(added.stderr || added.originalMessage || "useradd failed");
}
