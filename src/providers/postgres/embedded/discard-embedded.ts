import { lstat, realpath, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { findServer } from "./server.ts";

const timeoutMs = 15_000;

/**
 * Removes the embedded Postgres of a home with all its data: for homes that a demo or a test made up. It has to be done
 * before the home is removed, for what root's cluster is made of lies elsewhere. A server that still runs is ended.
 */
export async function discardEmbedded(home: string): Promise<void> {
  const place = join(home, "postgres");
  const data = await realpath(place).catch(() => null);
  if (data === null) return;
  await endServer(data);
  const linked = (await lstat(place)).isSymbolicLink();
  await rm(linked ? dirname(data) : data, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  await rm(place, { force: true });
}

/** SIGQUIT: at once, without a checkpoint for data that nobody wants. */
async function endServer(data: string): Promise<void> {
  const server = await findServer({ data });
  if (server === null) return;
  process.kill(server.pid, "SIGQUIT");
  const end = performance.now() + timeoutMs;
  while (performance.now() < end && (await findServer({ data })) !== null) await pause(25);
}
