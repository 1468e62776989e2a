import pg from "pg";
import type postgres from "postgres";
import type { Fault } from "../domain/fault.ts";
import { RightsMissing } from "../domain/faults/database.ts";
import {
  ArgumentInvalid,
  DatabaseUnavailable,
  MovedOn,
  MoveIllegal,
  NotAllowed,
  NotFound,
} from "../domain/faults/kernel.ts";
import { driver } from "./driver.ts";

const textArray: number = 1009;

// int8 (20) and numeric (1700) fit a number here: byte offsets, tokens and dollars stay far below 2^53. text[] is the one
// type of array in use; left to itself, the driver asks each new connection for all of them, and fails badly when that is
// cut off meanwhile. Without asking, sql.reserve() never returns (porsager/postgres#1219): take a pool of one instead.
const types = {
  bigint: { to: 20, from: [20], parse: Number, serialize: String },
  numeric: { to: 1700, from: [1700], parse: Number, serialize: String },
  texts: { to: textArray, from: [textArray], parse: pg.types.getTypeParser(textArray), serialize: arrayLiteral },
};

export type Sql = postgres.Sql<{ bigint: number; numeric: number; texts: readonly string[] }>;
export type Json = postgres.JSONValue;

export interface ConnectOptions {
  /** Connections at the most; 10 when left out. */
  readonly max?: number;
  readonly applicationName?: string;
  /** Called whenever a connection is lost; with this, connections are kept open however long they idle. */
  readonly onClose?: () => void;
}

/** A pool of connections. Column names are camelCase on our side; the keys of JSON values stay as they are. */
export function connect(url: string, { max = 10, applicationName = "fairlead", onClose }: ConnectOptions = {}): Sql {
  return driver(url, {
    ...(onClose === undefined ? { idle_timeout: 60 } : { idle_timeout: 0, max_lifetime: null, onclose: onClose }),
    max,
    types,
    fetch_types: false,
    connect_timeout: 10,
    backoff: secondsBeforeTry,
    onnotice: () => {},
    connection: { application_name: applicationName },
    transform: { undefined: null, column: { from: driver.toCamel, to: driver.fromCamel } },
  });
}

/**
 * A second at the most. Left to itself, the driver waits up to 20 after seven failures of all connections together, and
 * statements wait with it when Postgres has long been back.
 */
function secondsBeforeTry(failures: number): number {
  return Math.min(failures / 10, 1) * (0.5 + Math.random() / 2);
}

function arrayLiteral(items: readonly string[]): string {
  return `{${items.map((item) => `"${item.replaceAll(/["\\]/g, "\\$&")}"`).join()}}`;
}

/** What a caller may see of an error from Postgres: ours by SQLSTATE, a lost connection, else the error as it is. */
export function faultOf(error: unknown): Fault | unknown {
  if (!(error instanceof Error) || !("code" in error)) return error;
  const code = String(error.code);
  if (error instanceof driver.PostgresError) return serverFault(error, code);
  return connectionCodes.has(code) ? new DatabaseUnavailable(error) : error;
}

function serverFault(error: postgres.PostgresError, code: string): Fault | unknown {
  const message = error.hint ? `${error.message}. ${error.hint}` : error.message;
  const details = error.detail === undefined || !code.startsWith("FL") ? {} : { status: error.detail };
  switch (code) {
    case "FL001":
      return new MoveIllegal(message, details, { cause: error });
    case "FL002":
      return new MovedOn(message, details, { cause: error });
    case "FL003":
      return new NotFound(message, details, { cause: error });
    case "FL004":
      return new ArgumentInvalid(message, details, { cause: error });
    case "FL005":
      return new NotAllowed(message, details, { cause: error });
    case "42501":
      return new RightsMissing(error.message);
    case "22021": // a NUL byte, or bytes that are no UTF-8
    case "22P05": // a NUL character in JSON
    case "22P02": // half of a character in JSON, or a text where a number has to be
    case "22003": // a number too large for its column
    case "54001": // JSON nested too deep for the server's stack
      return new ArgumentInvalid(unstorable, {}, { cause: error });
    case "23514": // a check constraint
      return new ArgumentInvalid(`not allowed by ${error.constraint_name}: ${error.message}`, {}, { cause: error });
    default:
      return unavailable.test(code) ? new DatabaseUnavailable(error) : error;
  }
}

const unstorable =
  "Postgres can't store a text or a number that was given: take out NUL characters and halves of characters, and use " +
  "smaller numbers and less nesting";

/**
 * The connection is gone (08), the server is short of something (53: disk, memory, connections), it is going down or
 * coming up (57P), or others were in the way (a deadlock, a lock timeout, a failed serialization): in all of
 * these the same statement succeeds later.
 */
const unavailable = /^(08|53|57P|40P01|40001|55P03)/;

const connectionCodes = new Set([
  "CONNECTION_CLOSED",
  "CONNECTION_ENDED",
  "CONNECTION_DESTROYED",
  "CONNECT_TIMEOUT",
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "EPIPE",
  "ETIMEDOUT",
]);
