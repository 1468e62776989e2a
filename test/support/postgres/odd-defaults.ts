import pg from "pg";
import { inject } from "vitest";

/** As an administrator might have it for all that is in a database, or for one of its roles. */
const odd: Readonly<Record<string, string>> = {
  search_path: "public, pg_catalog",
  default_transaction_isolation: "'serializable'",
  default_transaction_read_only: "on",
  default_transaction_deferrable: "on",
  synchronous_commit: "off",
  DateStyle: "German, DMY",
  IntervalStyle: "sql_standard",
  TimeZone: "'Asia/Kathmandu'",
  client_encoding: "LATIN1",
  bytea_output: "escape",
  extra_float_digits: "-3",
  standard_conforming_strings: "off",
  statement_timeout: "'50ms'",
  lock_timeout: "'50ms'",
  idle_in_transaction_session_timeout: "'50ms'",
  idle_session_timeout: "'1s'",
  check_function_bodies: "off",
  array_nulls: "off",
  transform_null_equals: "on",
  quote_all_identifiers: "on",
  "plpgsql.extra_errors": "'all'",
  "plpgsql.variable_conflict": "use_column",
  jit: "on",
  jit_above_cost: "0",
};

/** Gives all sessions that begin in a database from now on unusual defaults; some of them, where they are named. */
export async function setOddDefaults(databaseUrl: string, names: readonly string[] = Object.keys(odd)): Promise<void> {
  const client = new pg.Client({ connectionString: inject("postgres").maintenanceUrl });
  await client.connect();
  const database = client.escapeIdentifier(new URL(databaseUrl).pathname.slice(1));
  for (const name of names) await client.query(`alter database ${database} set ${name} = ${odd[name]}`);
  await client.end();
}
