import type { Sql } from "../../../src/store/sql.ts";

/**
 * All that makes up a schema, a line each, as Postgres itself writes it down: what two databases differ in, their lists
 * differ in. Columns are told by name, for one that was added later has another place.
 */
export async function catalogueOf(sql: Sql, schema: string): Promise<string[]> {
  const rows = await sql<{ line: string }[]>`
    with relations as (
      select c.oid, c.relname, c.relkind, c.reloptions, c.relacl, c.relrowsecurity
      from pg_class c where c.relnamespace = ${schema}::regnamespace
    )
    select format('%s %s %s %s %s %s', r.relkind, r.relname, r.reloptions, r.relacl, r.relrowsecurity,
      obj_description(r.oid, 'pg_class')) as line from relations r
    union all
    select format('column %s.%s %s %s %s %s %s', r.relname, a.attname, format_type(a.atttypid, a.atttypmod),
      a.attnotnull, a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid))
    from relations r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum where r.relkind in ('r', 'v')
    union all
    select format('constraint %s.%s %s %s', r.relname, k.conname, pg_get_constraintdef(k.oid), k.convalidated)
    from relations r join pg_constraint k on k.conrelid = r.oid
    union all
    select format('index %s', pg_get_indexdef(r.oid)) from relations r where r.relkind = 'i'
    union all
    select format('view %s %s', r.relname, pg_get_viewdef(r.oid)) from relations r where r.relkind = 'v'
    union all
    select format('trigger %s %s', r.relname, pg_get_triggerdef(t.oid))
    from relations r join pg_trigger t on t.tgrelid = r.oid where not t.tgisinternal
    union all
    select format('function %s %s', p.proacl, pg_get_functiondef(p.oid)) from pg_proc p
    where p.pronamespace = ${schema}::regnamespace
    union all
    select format('type %s', t.typname) from pg_type t
    where t.typnamespace = ${schema}::regnamespace and t.typtype <> 'b'
    order by 1`;
  return rows.map(({ line }) => line);
}
