import "./shift-clock.ts";
import { guardAgainstQueue } from "../../src/main/guard.ts";
import { makeLog } from "../../src/main/log.ts";
import { makeServices } from "../../src/main/services.ts";
import { startWorker } from "../../src/main/worker.ts";
import { connect } from "../../src/store/sql.ts";
import { parseSettings } from "../../src/wire/settings.ts";

// node run-worker.ts <database url> <home>: a worker and nothing else, until SIGTERM. It tells its parent when it takes work.
guardAgainstQueue();
const [, , databaseUrl = "", home = ""] = process.argv;
const settings = parseSettings({ FAIRLEAD_LOG_LEVEL: "error", ...process.env, FAIRLEAD_HOME: home });
const sql = connect(databaseUrl);
const services = makeServices(settings, sql, makeLog(settings.logLevel));
const worker = await startWorker({ services, databaseUrl, concurrency: settings.concurrency });
process.once("SIGTERM", async () => {
  await worker.stop();
  await sql.end({ timeout: 2 });
});
process.send?.("started");
process.disconnect?.();
