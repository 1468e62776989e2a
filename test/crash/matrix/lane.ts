import { writeSettings } from "../../../src/store/settings.ts";
import { connect, type Sql } from "../../../src/store/sql.ts";
import { withDatabase } from "../../support/database.ts";
import type { Server } from "../server.ts";

/** Where changes happen one after the other, each in a database of its own, and the ports that they may use. */
export interface Lane {
  readonly ports: readonly number[];
  database(): Promise<LaneDatabase>;
  close(): Promise<void>;
}

export interface LaneDatabase {
  readonly url: string;
  readonly sql: Sql;
  /** Whoever is still connected. */
  drop(): Promise<void>;
}

/** The server, and the migrated database in it that all others are clones of. */
type LaneSource = Pick<Server, "maintenanceUrl" | "template">;

/** Few, so that looking at all of them is quick: a retried change has two ranges at the most. */
const portsEach = 20;

/** Runs at the same time are unlikely to meet here, and below the ports that the system gives to anybody. */
const firstPort = 24_000 + (process.pid % 60) * 100;

export function openLane({ maintenanceUrl, template }: LaneSource, number: number): Lane {
  const maintenance = connect(maintenanceUrl, { max: 1 });
  const port = firstPort + number * portsEach;
  let made = 0;
  return {
    ports: Array.from({ length: portsEach }, (_, offset) => port + offset),
    async database() {
      made += 1;
      const name = `fairlead_crash_${process.pid}_${number}_${made}`;
      const url = withDatabase(maintenanceUrl, name);
      await maintenance`create database ${maintenance(name)} template ${maintenance(template)}`;
      const sql = connect(url, { max: 2 });
      await writeSettings(sql, { firstPort: port });
      return {
        url,
        sql,
        async drop() {
          await sql.end({ timeout: 2 });
          await maintenance`drop database ${maintenance(name)} with (force)`;
        },
      };
    },
    close: () => maintenance.end({ timeout: 2 }),
  };
}

/** Does all of the work in as many lanes at once as there are; once aborted, only what has begun. */
export async function inLanes<Work>(
  { lanes, interrupted }: { lanes: readonly Lane[]; interrupted?: AbortSignal },
  work: Iterable<Work>,
  act: (lane: Lane, one: Work) => Promise<void>,
): Promise<void> {
  const rest = work[Symbol.iterator]();
  await Promise.all(
    lanes.map(async (lane) => {
      for (let next = rest.next(); next.done !== true; next = rest.next()) {
        if (interrupted?.aborted) return;
        await act(lane, next.value);
      }
    }),
  );
}
