import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { PostgresStartFailed } from "../../domain/faults/postgres.ts";
import { type Keeper, keep } from "./embedded/keeper.ts";
import { passwordFiles } from "./embedded/password.ts";
import { tailOf } from "./embedded/run.ts";
import { findServer, stopServer } from "./embedded/server.ts";
import type { Site } from "./embedded/site.ts";
import { startServer } from "./embedded/start-server.ts";

const triesToStart = 3;
const betweenRoundsMs = 100;

/**
 * Becomes a user of the site's server, which is started when it isn't running. Servers come and go meanwhile, started
 * and stopped by other processes, so each round looks afresh. Throws PostgresStartFailed, at the latest on `signal`.
 */
export async function attach(site: Site, signal: AbortSignal): Promise<Keeper> {
  let failures = 0;
  let startedHere = false;
  let reason = "it did not come up in time";
  while (!signal.aborted) {
    const server = await findServer(site);
    if (server === null) {
      const started = await startServer(site, signal);
      startedHere = started.state === "started";
      if (startedHere) continue;
      if (started.state === "failed") failures += 1;
      if (started.state === "failed" && failures === triesToStart) throw startFailed(site, started.lines);
    } else if (server.port !== null) {
      const kept = await keep(site, server.port);
      if (kept.state === "kept") return kept.keeper;
      if (kept.state === "locked out") {
        if (startedHere) await stopServer(site);
        throw passwordLost(site);
      }
      reason = kept.why;
    }
    await pause(betweenRoundsMs);
  }
  const log = await readFile(site.logFile, "utf8").catch(() => "");
  throw startFailed(site, [...tailOf(log), reason]);
}

function startFailed(site: Site, lines: readonly string[]): PostgresStartFailed {
  const advice =
    `Check free space, and that ${site.data} belongs to the user it should; all it said is in ${site.logFile}. ` +
    "Or set DATABASE_URL to a Postgres of your own.";
  return new PostgresStartFailed("The embedded Postgres did not start", lines, advice);
}

function passwordLost(site: Site): PostgresStartFailed {
  const advice = `Restore it, or move both it and ${site.data} away and Fairlead begins with an empty database.`;
  const what = `The password in ${join(site.home, passwordFiles.admin)} is not that of the embedded Postgres`;
  return new PostgresStartFailed(what, [], advice);
}
