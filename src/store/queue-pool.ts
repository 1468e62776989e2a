import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { sessionStatement } from "../domain/session-settings.ts";

const closeMs = 1_000;

export interface QueuePool {
  readonly pool: pg.Pool;
  /** Ends all connections, and waits a second for them at the most. Repeatable. */
  close(): Promise<void>;
}

export interface QueuePoolOptions {
  readonly max: number;
  /** Told of each connection that is lost. It is made anew when it is needed. */
  readonly onError: (error: Error) => void;
}

/**
 * What the queue itself writes, that a job is taken or done, needn't outlive a crash of Postgres: our lock is gone then,
 * and all that we had taken is given back and found done.
 */
const settings = sessionStatement({ synchronous_commit: "off" });

/**
 * Connections for graphile-worker. It makes its own where it is given none, but takes their error listeners away before
 * it ends them: a connection that is killed in that moment, as all are when Postgres goes, would end our process.
 */
export function openQueuePool(connectionString: string, { max, onError }: QueuePoolOptions): QueuePool {
  const pool = new pg.Pool({ connectionString, max, application_name: "fairlead queue", Client: QueueClient });
  // A connection tells its own listener while it is in use; one that idles tells both, and once is enough.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", onError));
  let closed: Promise<void> | undefined;
  return {
    pool,
    close() {
      closed ??= Promise.race([pool.end().catch(onError), delay(closeMs, undefined, { ref: false })]);
      return closed;
    },
  };
}

/**
 * Sets the session's settings first. Removes the code from connection errors: graphile-worker retries any error within a second,
 * but where the code says that Postgres is starting up, it sleeps from three seconds to two minutes, and can't be stopped meanwhile.
 *
 * Neither sends nor receives `worker:migrate`. That channel is shared by the whole database, whatever the schema: each
 * graphile-worker that is notified of a breaking migration stops, also one in another schema.
 */
class QueueClient extends pg.Client {
  override connect(): Promise<pg.Client>;
  override connect(callback: Connected): void;
  override connect(callback?: Connected): Promise<pg.Client> | undefined {
    const ready = this.#begin();
    if (callback === undefined) return ready;
    ready.then(
      () => callback(null, this),
      (error: Error) => callback(error),
    );
    return undefined;
  }

  override query(...asked: unknown[]): never {
    const [text, values] = asked;
    if (text === tellOfMigration && Array.isArray(values) && values[0] === "worker:migrate") {
      asked.splice(0, 2, "select", []);
    } else if (text === listen) {
      asked[0] = 'LISTEN "jobs:insert"';
    }
    return Reflect.apply(super.query, this, asked) as never;
  }

  async #begin(): Promise<pg.Client> {
    try {
      // The pool listens for errors once it has been told of the connection; one that is lost before is told of below.
      this.on("error", () => {});
      await super.connect();
      await this.query(settings);
      return this;
    } catch (error) {
      throw withoutCode(error as Error);
    }
  }
}

/** The statements as graphile-worker 0.18 sends them; test/store/neighbours.test.ts fails when they change. */
const tellOfMigration = "select pg_notify($1, $2)";
const listen = 'LISTEN "jobs:insert"; LISTEN "worker:migrate";';

type Connected = (error: Error | null, client?: pg.Client) => void;

const withoutCode = (error: Error): Error => new Error(error.message, { cause: error });
