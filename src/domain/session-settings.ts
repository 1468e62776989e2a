/**
 * The settings that our SQL relies on. Every session sets them by its first statement, because databases and roles can have
 * other defaults, and poolers drop startup parameters. All other settings keep their defaults: they change only speed or
 * verbosity; test/store/session.test.ts lists them.
 */
export const sessionSettings = {
  client_encoding: "UTF8",
  standard_conforming_strings: "on",
  backslash_quote: "safe_encoding",
  // In `repeatable read`, admission would not see what others commit, so no change would ever begin or merge.
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
  // The client limits waits; a migration or a lock may take longer than a server's default.
  statement_timeout: "0",
  lock_timeout: "0",
  transaction_timeout: "0",
  idle_in_transaction_session_timeout: "0",
  idle_session_timeout: "0",
  exit_on_error: "off",
  // A policy that hides rows from us raises an error instead of returning fewer rows.
  row_security: "off",
  restrict_nonsystem_relation_kind: "",
  check_function_bodies: "on",
  "plpgsql.extra_errors": "none",
  "plpgsql.extra_warnings": "none",
  default_table_access_method: "heap",
  password_encryption: "scram-sha-256",
  client_min_messages: "warning",
} as const;

/** Only schemas in which no other role can create objects. */
export const searchPath = "pg_catalog, fairlead, pg_temp";

type Settings = Partial<Record<keyof typeof sessionSettings, string>>;

/**
 * The first statements of every session, as one message of the simple protocol. The search_path is set before any function is
 * called, so that the rest works whatever it was. (jit is off because compiling one of our statements takes longer than running
 * it, which happens where the planner overestimates.) Settings that this version of Postgres lacks are skipped.
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
 * Switches to the role that owns our tables, where the session's user may: so everything that is created has one owner, a
 * superuser acts without its privileges, and `alter role … set role` has no effect.
 */
const actAsOwner = `
    select set_config('role', pg_get_userbyid(c.relowner), false)
      from pg_namespace n join pg_class c on c.relnamespace = n.oid and c.relname = 'migrations'
      where n.nspname = 'fairlead' and pg_has_role(session_user, c.relowner,
        case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end)`;
