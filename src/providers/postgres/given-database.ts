import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { RightsMissing } from "../../domain/faults/database.ts";
import {
  PostgresEncoding,
  PostgresPooled,
  PostgresReadOnly,
  PostgresRefused,
  PostgresTooOld,
  PostgresTriggersOff,
  PostgresUnreachable,
  PostgresUrlInvalid,
} from "../../domain/faults/postgres.ts";
import { sessionStatement } from "../../domain/session-settings.ts";
import { hangUp, sqlState, why } from "./connection.ts";

const patienceMs = 5_000;
const betweenTriesMs = 500;
/** Wrong user, wrong password, no such database: asking again changes nothing. */
const refusals = ["28000", "28P01", "3D000", "42501"];

/**
 * Throws a Fault unless Fairlead can work with the database at `url`. The password is in no message. Sessions are checked before
 * the settings are set, because a pooler would pass the settings on to other clients.
 */
export async function checkGivenDatabase(url: string): Promise<void> {
  const client = await connect(url);
  try {
    await checkVersion(client);
    await checkSessions(client, url);
    await client.query(sessionStatement());
    await checkServer(client);
    await checkRights(client);
  } finally {
    await hangUp(client);
  }
}

/** Tries for five seconds: a database that is started together with Fairlead may need a moment. */
async function connect(url: string): Promise<pg.Client> {
  const end = performance.now() + patienceMs;
  for (;;) {
    const client = clientOf(url);
    try {
      await client.connect();
      return client;
    } catch (error) {
      await hangUp(client);
      if (refusals.includes(sqlState(error) ?? "")) throw new PostgresRefused(placeOf(client), why(error));
      if (performance.now() + betweenTriesMs > end) throw new PostgresUnreachable(placeOf(client), why(error));
      await pause(betweenTriesMs);
    }
  }
}

function clientOf(connectionString: string): pg.Client {
  if (!/^postgres(ql)?:\/\//.test(connectionString)) throw new PostgresUrlInvalid();
  let client: pg.Client;
  try {
    client = new pg.Client({ connectionString, connectionTimeoutMillis: 3_000, query_timeout: patienceMs });
  } catch {
    // The parser's error quotes what it was given, and that may be the password.
    throw new PostgresUrlInvalid();
  }
  client.on("error", () => {});
  return client;
}

function placeOf(client: pg.Client): { host: string; port: number } {
  return { host: client.host, port: client.port };
}

async function checkVersion(client: pg.Client): Promise<void> {
  const version = await ask<{ number: number; name: string }>(
    client,
    `select pg_catalog.current_setting('server_version_num')::pg_catalog.int4 as number,
       pg_catalog.current_setting('server_version') as name`,
  );
  if (version !== undefined && version.number < 140_000) throw new PostgresTooOld(version.name);
}

/**
 * A query before the session's settings are set. The database's default timeout may be shorter than compiling a statement takes,
 * so both are switched off; `local` ends with the message, so a pooler does not pass them on.
 */
async function ask<Row>(client: pg.Client, question: string): Promise<Row | undefined> {
  const results: unknown = await client.query(`set local statement_timeout to 0; set local jit to off; ${question}`);
  return (results as pg.QueryResult<Row & pg.QueryResultRow>[]).at(-1)?.rows[0];
}

/**
 * A session lock lives in one backend, so a connection has to stay with the backend it has. A pooler in transaction
 * mode takes backends in turn, and then two statements differ; or it lends an idle connection's backend to a second
 * one that begins a transaction. Backends are compared and no lock is taken: a pooler would leave it with somebody else.
 */
async function checkSessions(first: pg.Client, url: string): Promise<void> {
  const before = [await backendOf(first), await backendOf(first)];
  const second = await connect(url);
  try {
    await second.query("begin");
    const other = await backendOf(second);
    const seen = new Set([...before, await backendOf(first)]);
    if (seen.size > 1 || seen.has(other)) throw new PostgresPooled(placeOf(first));
  } catch (error) {
    // 08P01, a protocol violation: a pooler in statement mode does not allow transactions.
    throw sqlState(error) === "08P01" ? new PostgresPooled(placeOf(first)) : error;
  } finally {
    await second.query("rollback").catch(() => {});
    await hangUp(second);
  }
}

/** Checks what a session can't set for itself. */
async function checkServer(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ encoding: string; standby: boolean; readOnly: boolean; triggers: string }>(`
    select current_setting('server_encoding') as encoding, pg_is_in_recovery() as standby,
      current_setting('transaction_read_only')::boolean as "readOnly",
      current_setting('session_replication_role') as triggers`);
  const [server] = rows;
  if (server === undefined) return;
  if (server.encoding !== "UTF8") throw new PostgresEncoding(server.encoding);
  if (server.standby || server.readOnly) throw new PostgresReadOnly(placeOf(client));
  if (server.triggers !== "origin") throw new PostgresTriggersOff(server.triggers);
}

/** The owner of our tables has all rights. In a new database, the role needs the right to create schemas. */
async function checkRights(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{
    owner: string | null;
    isOwner: boolean;
    mayCreate: boolean;
    database: string;
  }>(`
    select pg_get_userbyid(c.relowner) as owner, pg_get_userbyid(c.relowner) = current_user as "isOwner",
      coalesce(has_schema_privilege(n.oid, 'CREATE'), has_database_privilege(current_database(), 'CREATE')) as "mayCreate",
      current_database() as database
    from (select) one left join pg_namespace n on n.nspname = 'fairlead'
    left join pg_class c on c.relnamespace = n.oid and c.relname = 'migrations'`);
  const [rights] = rows;
  if (rights === undefined || rights.isOwner) return;
  if (rights.owner !== null)
    throw new RightsMissing(`the tables belong to ${rights.owner}, and it may not act as that role`);
  if (!rights.mayCreate) throw new RightsMissing(`it may not create a schema in the database ${rights.database}`);
}

async function backendOf(client: pg.Client): Promise<number | undefined> {
  return (await ask<{ pid: number }>(client, "select pg_catalog.pg_backend_pid() as pid"))?.pid;
}
