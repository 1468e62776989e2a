import { writeSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { createInterface } from "node:readline";
import { guardAgainstQueue } from "../../../src/main/guard.ts";
import { makeLog } from "../../../src/main/log.ts";
import { makeServices } from "../../../src/main/services.ts";
import { startWorker } from "../../../src/main/worker.ts";
import { connect } from "../../../src/store/sql.ts";
import { parseSettings } from "../../../src/wire/settings.ts";
import { boundaries, type Point } from "../matrix/boundaries.ts";
import { couldNotBegin, type Orders } from "./spares.ts";
import { watchEffects } from "./watch-effects.ts";
import { watchPorts } from "./watch-ports.ts";
import { watchStatements } from "./watch-statements.ts";

// A worker that loads everything, then waits for one line of orders; it lives on until SIGTERM or the end of its
// standard input, and tells on standard output when it has started and, if it is watched, which boundaries it passes.
guardAgainstQueue();
const say = (word: string | Point) => writeWhole(Buffer.from(`${JSON.stringify(word)}\n`));
const lines = createInterface({ input: process.stdin });
lines.once("close", () => process.exit());
lines.once("line", (line) => run(JSON.parse(line) as Orders));
// Whoever is killed writes no cache at its end.
flushCompileCache();
say("warm");

/** At once, for what is said last is said at a death; a pipe that is full is waited for. */
function writeWhole(bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(1, bytes, written);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

async function run({ databaseUrl, home, concurrency, watched }: Orders): Promise<void> {
  const reach = boundaries(watched?.death ?? null, say);
  if (watched !== null) {
    watchStatements(Number(new URL(databaseUrl).port), reach);
    watchEffects(reach);
  }
  const settings = parseSettings({ FAIRLEAD_HOME: home, FAIRLEAD_LOG_LEVEL: "warn" });
  const sql = connect(databaseUrl);
  const services = makeServices(settings, sql, makeLog(settings.logLevel));
  const worker = await startWorker({
    services: watched !== null ? watchPorts(services, reach) : services,
    databaseUrl,
    concurrency,
  }).catch((error: unknown) => {
    // Postgres may be away. Whoever keeps workers running begins another then.
    services.log.error({ err: error }, "could not begin");
    process.exit(couldNotBegin);
  });
  process.once("SIGTERM", async () => {
    await worker.stop();
    await sql.end({ timeout: 2 });
    process.exit();
  });
  say("started");
}
