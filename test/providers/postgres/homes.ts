import { mkdtemp, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { execa } from "execa";
import pg from "pg";
import { discardEmbedded } from "../../../src/providers/postgres/embedded/discard-embedded.ts";
import { findServer } from "../../../src/providers/postgres/embedded/server.ts";

/** A home that doesn't exist yet, in a folder that only we may enter. */
export async function newHome(): Promise<string> {
  return join(await mkdtemp(join(tmpdir(), "fairlead-postgres-")), "home");
}

/** Removes a home and its cluster, wherever that lives, after ending a server that a failed test left. */
export async function removeHome(home: string): Promise<void> {
  await discardEmbedded(home);
  await rm(dirname(home), { recursive: true, force: true });
}

/** The server that runs for a home, as `postmaster.pid` has it. */
export async function serverOf(home: string) {
  return findServer({ data: await realpath(join(home, "postgres")) });
}

export async function timesStarted(home: string): Promise<number> {
  const log = await readFile(join(home, "postgres.log"), "utf8");
  return log.split("starting PostgreSQL").length - 1;
}

/** A process of its own that holds the Postgres of a home. */
export async function hold(home: string) {
  const script = join(import.meta.dirname, "hold.ts");
  const child = execa("node", [script, home], { reject: false, timeout: 60_000, forceKillAfterDelay: false });
  const lines = child.iterable()[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done === true) throw new Error(`it ended: ${(await child).stderr}`);
  return {
    url: String(first.value),
    close: async () => {
      child.stdin.end();
      await child;
    },
    killHard: async () => {
      child.kill("SIGKILL");
      await child;
    },
  };
}

/** Runs one statement on a connection of its own. */
export async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, query_timeout: 10_000 });
  client.on("error", () => {});
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(text);
    return rows;
  } finally {
    await client.end();
  }
}

export async function eventually(holds: () => Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await holds().catch(() => false))) {
    if (Date.now() > end) throw new Error("it did not come about in time");
    await pause(50);
  }
}
