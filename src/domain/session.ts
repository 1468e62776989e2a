/**
 * What every session with Postgres relies on, and sets by a statement before it sends any other. Databases and roles have
 * defaults of their own, and startup parameters alone would not do: poolers drop them. What else a session may set is
 * left as it is, for it changes only how fast or how verbose Postgres is; test/store/session.test.ts lists it.
 */
export const sessionSettings = {
  client_encoding: "UTF8",
  standard_conforming_strings: "on",
  backslash_quote: "safe_encoding",
  // In repeatable read, a session doesn't see what others commit: no change would ever be admitted or merged.
  default_transaction_isolation: "read committed",
  default_transaction_read_only: "off",
  default_transaction_deferrable: "off",
  synchronous_commit: "on",
  // How values are written as text, which is what the drivers read.
  DateStyle: "ISO, MDY",
  IntervalStyle: "postgres",
  TimeZone: "UTC",
  timezone_abbreviations: "Default",
  bytea_output: "hex",
  extra_float_digits: "1",
  quote_all_identifiers: "off",
  // How statements are read.
  array_nulls: "on",
  transform_null_equals: "off",
  xmloption: "content",
  // Waits have their limits on our side; a migration or a lock may take its time.
  statement_timeout: "0",
  lock_timeout: "0",
  transaction_timeout: "0",
  idle_in_transaction_session_timeout: "0",
  idle_session_timeout: "0",
  exit_on_error: "off",
  // A policy that hides rows from us is an error, not fewer rows.
  row_security: "off",
  restrict_nonsystem_relation_kind: "",
  check_function_bodies: "on",
  "plpgsql.extra_errors": "none",
  "plpgsql.extra_warnings": "none",
  default_table_access_method: "heap",
  password_encryption: "scram-sha-256",
  client_min_messages: "warning",
} as const;

/** Where names without a schema are looked up: never in a schema in which others may create something. */
export const searchPath = "pg_catalog, fairlead, pg_temp";

type Settings = Partial<Record<keyof typeof sessionSettings, string>>;

/**
 * The first statement of every session; one message of the simple protocol. It takes effect whatever the search_path is:
 * that is set without calling a function, and before any is. (And jit: compiling one of our statements takes longer than
 * running it, and happens where the planner guesses wrong.) A setting that this Postgres doesn't have is passed over.
 */
export function sessionStatement(different: Settings = {}): string {
  const rows = Object.entries({ ...sessionSettings, ...different }).map(([name, value]) => `('${name}', '${value}')`);
  return `set statement_timeout to 0;
    set jit to off;
    set search_path to ${searchPath};
    select set_config(s.name, s.value, false) from (values ${rows.join(", ")}) s (name, value)
      where current_setting(s.name, true) is not null;
    ${actAsOwner}`;
}

/**
 * Acts as the role that owns our tables, where the session's user may: so what is created has the same owner, whichever
 * role connects, a superuser has no more power than that, and a role that `alter role … set role` chose changes nothing.
 */
const actAsOwner = `
    select set_config('role', pg_get_userbyid(c.relowner), false)
      from pg_namespace n join pg_class c on c.relnamespace = n.oid and c.relname = 'migrations'
      where n.nspname = 'fairlead' and pg_has_role(session_user, c.relowner,
        case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end)`;
