import { spawn } from "node:child_process";
import { type FileHandle, open, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { choosePort } from "./ports.ts";
import { cleanVariables, tailOf } from "./run.ts";
import { findServer } from "./server.ts";
import type { Site } from "./site.ts";

export type Started =
  | { readonly state: "started" }
  /** Another process was faster, or backends of a server that was killed still hold the cluster. */
  | { readonly state: "taken" }
  | { readonly state: "failed"; readonly lines: readonly string[] };

const logLimitBytes = 10_000_000;

/**
 * Starts the server in a session of its own, so that neither our end nor a Ctrl-C ends it, and returns when it is up,
 * has failed, or when the signal aborts. Not by `pg_ctl start`: that puts the paths into a shell's command line.
 */
export async function startServer(site: Site, signal: AbortSignal): Promise<Started> {
  const portFile = join(site.home, "postgres-port");
  const port = await choosePort(Number(await readFile(portFile, "utf8").catch(() => "0")));
  const log = await openLog(site.logFile);
  try {
    const { size } = await log.stat();
    const child = launch(site, port, log);
    const ended = await upOrEnded(site, child, signal);
    if (ended !== null) return await explain(site, size, child.pid, ended);
  } finally {
    await log.close();
  }
  // Only a wish for the next time, so not worth failing for.
  await writeFile(portFile, `${port}\n`).catch(() => {});
  site.log({ port }, "postgres started");
  return { state: "started" };
}

interface Child {
  readonly pid: number | undefined;
  /** How it ended, in words, once it has. */
  readonly ended: () => string | null;
}

function launch(site: Site, port: number, log: FileHandle): Child {
  // The prefix marks each line with its process and SQLSTATE, by which `explain` knows what went wrong.
  const args = ["-D", site.data, "-p", String(port), "-c", "log_line_prefix=%m [%p] %e "];
  const child = spawn(join(site.bin, "postgres"), args, {
    ...site.account,
    cwd: "/",
    env: cleanVariables,
    detached: true,
    stdio: ["ignore", log.fd, log.fd],
  });
  child.unref();
  let ended: string | null = null;
  child.once("error", (error) => {
    ended = error.message;
  });
  child.once("exit", (code, by) => {
    ended = `postgres ended with ${by ?? `exit code ${code}`}`;
  });
  return { pid: child.pid, ended: () => ended };
}

async function upOrEnded(site: Site, child: Child, signal: AbortSignal): Promise<string | null> {
  while (!signal.aborted) {
    if (child.ended() !== null) return child.ended();
    const server = await findServer(site);
    if (server?.pid === child.pid && server?.ready) return null;
    await pause(25);
  }
  return child.ended();
}

/** SQLSTATE F0001 is lock_file_exists; Postgres has it also for shared memory that is still in use. */
async function explain(site: Site, from: number, pid: number | undefined, ended: string): Promise<Started> {
  const written = (await readFile(site.logFile)).subarray(from).toString("utf8");
  if (written.includes(`[${pid}] F0001 `)) return { state: "taken" };
  const lines = tailOf(written).filter((line) => line !== "");
  return { state: "failed", lines: [...lines, ended] };
}

async function openLog(path: string): Promise<FileHandle> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  // Nobody writes to it now: the server isn't running.
  if (size > logLimitBytes) await rename(path, `${path}.1`).catch(() => {});
  return open(path, "a", 0o600);
}
