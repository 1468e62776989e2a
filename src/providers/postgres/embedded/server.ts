import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { isRunning } from "../../processes.ts";
import { commandOf } from "./command-of.ts";
import { run } from "./run.ts";
import type { Site } from "./site.ts";

const stopTimeoutMs = 30_000;

/** A postmaster that is there, though perhaps on its way up or down. */
export interface Server {
  readonly pid: number;
  /** Null in its first moments. */
  readonly port: number | null;
  readonly ready: boolean;
}

/** Reads postmaster.pid, where Postgres itself says that it runs: line 1 its process, 4 its port, 8 its state. */
export async function findServer({ data }: Pick<Site, "data">): Promise<Server | null> {
  const file = join(data, "postmaster.pid");
  const lines = (await readFile(file, "utf8").catch(() => "")).split("\n");
  const pid = Number(lines[0]);
  if (!(pid > 0) || !isRunning(pid)) return null;
  const command = await commandOf(pid);
  if (command === null || command.includes(data)) {
    return { pid, port: Number(lines[3]) || null, ready: lines[7]?.trim() === "ready" };
  }
  // A killed server's process id now belongs to another program, and Postgres would refuse to start because of it.
  await rm(file, { force: true });
  return null;
}

/**
 * Shuts the server down in good order: no client is waited for, everything committed is kept. Never throws. We wait
 * ourselves, for `pg_ctl -w` takes a server that a newcomer has started meanwhile for the one that is to stop.
 */
export async function stopServer(site: Site): Promise<void> {
  const server = await findServer(site);
  if (server === null) return;
  const stop = ["stop", "-D", site.data, "-m", "fast", "-W"];
  const { output } = await run(site.account, join(site.bin, "pg_ctl"), stop, 10_000);
  const end = performance.now() + stopTimeoutMs;
  while ((await findServer(site))?.pid === server.pid) {
    if (performance.now() > end) return site.log({ pid: server.pid, output }, "postgres could not be stopped");
    await pause(25);
  }
  site.log({ pid: server.pid }, "postgres stopped");
}
