import type pg from "pg";

/** Where an attacker may make things, to have them called by another role. */
const schema = "public";

/**
 * Functions that would be preferred to the system's if names were looked up in `public` as well: the system has them
 * with other types of arguments, or under a name that comes later.
 */
const functions: readonly (readonly [signature: string, returns: string, body: string])[] = [
  ["cardinality(text[])", "int", "array_length($1, 1)"],
  ["array_position(text[], text)", "int", "1"],
  ["array_append(text[], text)", "text[]", "$1"],
  ["array_remove(text[], text)", "text[]", "$1"],
  ["array_to_string(text[], text)", "text", "''"],
  ["unnest(text[])", "setof text", "'x'::text"],
  ["hashtextextended(text, int)", "bigint", "1"],
  ["hashtextextended(text, bigint)", "bigint", "1"],
  ["jsonb_build_object(text, text)", "jsonb", "'{}'::jsonb"],
  ["jsonb_build_object(text, text, text, text)", "jsonb", "'{}'::jsonb"],
  ["json_build_object(text, text, text, int)", "json", "'{}'::json"],
  ["jsonb_strip_nulls(jsonb)", "jsonb", "$1"],
  ["to_jsonb(text)", "jsonb", "'1'::jsonb"],
  ["format(text, text)", "text", "$1"],
  ["format(text, text, text)", "text", "$1"],
  ["concat(text, text)", "text", "$1"],
  ["left(text, int)", "text", "$1"],
  ["length(text)", "int", "1"],
  ["regexp_replace(text, text, text, text)", "text", "$1"],
  ["quote_literal(text)", "text", "$1"],
  ["to_char(timestamptz, text)", "text", "$2"],
  ["date_trunc(text, interval)", "interval", "$2"],
  ["now()", "timestamptz", "pg_catalog.now()"],
  ["clock_timestamp()", "timestamptz", "pg_catalog.clock_timestamp()"],
  ["pg_notify(text, text)", "void", "null::void"],
  ["pg_current_xact_id()", "xid8", "pg_catalog.pg_current_xact_id()"],
  ["current_setting(text)", "text", "'read committed'"],
  ["set_config(text, text, bool)", "text", "$2"],
  ["num_nonnulls(text, text)", "int", "1"],
  ["random()", "float8", "0.5"],
  ["pg_try_advisory_xact_lock(bigint)", "bool", "true"],
  ["generate_series(int, int)", "setof int", "1"],
];

const operators: readonly (readonly [name: string, left: string, right: string, returns: string, body: string])[] = [
  ["=", "text", "text", "bool", "pg_catalog.texteq($1, $2)"],
  ["<>", "text", "text", "bool", "pg_catalog.textne($1, $2)"],
  ["||", "text", "text", "text", "pg_catalog.textcat($1, $2)"],
  ["||", "text[]", "text", "text[]", "$1"],
  ["=", "int", "int", "bool", "pg_catalog.int4eq($1, $2)"],
  ["+", "int", "int", "int", "pg_catalog.int4pl($1, $2)"],
  ["->>", "jsonb", "text", "text", "pg_catalog.jsonb_object_field_text($1, $2)"],
  ["->", "jsonb", "text", "jsonb", "pg_catalog.jsonb_object_field($1, $2)"],
  ["?", "jsonb", "text", "bool", "pg_catalog.jsonb_exists($1, $2)"],
  ["~", "text", "text", "bool", "pg_catalog.textregexeq($1, $2)"],
  ["<", "timestamptz", "timestamptz", "bool", "pg_catalog.timestamptz_lt($1, $2)"],
  ["-", "timestamptz", "timestamptz", "interval", "pg_catalog.timestamptz_mi($1, $2)"],
];

/** Every one of them notes in whose name it was called. */
export async function layTraps(client: pg.Client): Promise<void> {
  await client.query(`
    create table ${schema}.trophies (what text, caught name default current_user, mighty bool);
    grant insert, select on ${schema}.trophies to public;
    create function ${schema}.caught(what text) returns bool language sql volatile as $$
      insert into ${schema}.trophies (what, mighty)
      values (what, pg_catalog.current_setting('is_superuser')::pg_catalog.bool) returning true $$`);
  const bodyOf = (what: string, body: string) =>
    `language sql volatile as $$ select ${schema}.caught('${what}'); select ${body} $$`;
  for (const [signature, returns, body] of functions) {
    await client.query(`create function ${schema}.${signature} returns ${returns} ${bodyOf(signature, body)}`);
  }
  for (const [place, [name, left, right, returns, body]] of operators.entries()) {
    await client.query(`
      create function ${schema}.operator_${place}(${left}, ${right}) returns ${returns} ${bodyOf(`${left} ${name} ${right}`, body)};
      create operator ${schema}.${name} (leftarg = ${left}, rightarg = ${right}, function = ${schema}.operator_${place})`);
  }
  // Types and tables of the names of ours, and of the system's.
  for (const name of ["text", "jsonb", "int4", "bool"])
    await client.query(`create domain ${schema}.${name} as pg_catalog.int8`);
  for (const name of [
    "change_requests",
    "events",
    "settings",
    "statuses",
    "places",
    "workers",
    "pg_class",
    "pg_proc",
    "pg_locks",
  ]) {
    await client.query(`create table ${schema}.${name} (id pg_catalog.int8, status pg_catalog.int8)`);
  }
}
