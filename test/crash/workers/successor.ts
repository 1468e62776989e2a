import pino from "pino";
import { makeServices } from "../../../src/main/services.ts";
import { startWorker, type WorkerHandle } from "../../../src/main/worker.ts";
import { connect } from "../../../src/store/sql.ts";
import { parseSettings } from "../../../src/wire/settings.ts";
import { untilAllLive } from "../checks/waits.ts";
import type { Orders, Worker } from "./spares.ts";

/** A worker in this process that starts when another has been killed, and takes over its jobs. */
export interface Successor {
  complaints(): readonly string[];
  /** Stops it, once it has released the dead worker's jobs. */
  finish(): Promise<void>;
}

export function successorOf(first: Worker, { databaseUrl, home, concurrency }: Orders): Successor {
  const complaints: string[] = [];
  const log = pino({ level: "warn", base: null }, { write: (line: string) => void complaints.push(line) });
  const sql = connect(databaseUrl);
  const services = makeServices(parseSettings({ FAIRLEAD_HOME: home }), sql, log);
  const working: Promise<WorkerHandle | null> = first.ended.then((end) =>
    end === "SIGKILL" ? startWorker({ services, databaseUrl, concurrency }) : null,
  );
  async function finish(): Promise<void> {
    const worker = await working;
    if (worker !== null) await untilAllLive(sql);
    await worker?.stop();
    await sql.end({ timeout: 2 });
  }
  let finished: Promise<void> | undefined;
  return {
    complaints: () => complaints,
    finish() {
      finished ??= finish();
      return finished;
    },
  };
}
