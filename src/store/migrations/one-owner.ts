import type pg from "pg";

/**
 * Makes the role that owns our tables the owner of all objects in our schemas; others may have been created when an administrator
 * ran `start`. Only a superuser can do that: for any other role, the migration fails at the first such object.
 */
export async function giveToOneOwner(client: pg.Client, queueSchema: string): Promise<void> {
  const { rows } = await client.query<{ owner: string; mayGive: boolean }>(
    `select quote_ident(pg_get_userbyid(c.relowner)) as owner,
       (select r.rolsuper from pg_roles r where r.rolname = session_user) as "mayGive"
     from pg_class c where c.relnamespace = (select n.oid from pg_namespace n where n.nspname = 'fairlead')
       and c.relname = 'migrations'`,
  );
  const [there] = rows;
  if (there?.mayGive !== true) return;
  const found = await client.query<{ statement: string }>(foreignObjects, [["fairlead", queueSchema], there.owner]);
  if (found.rows.length === 0) return;
  const statements = found.rows.map(({ statement }) => statement).join(";\n");
  await client.query(`begin; set local role none; ${statements}; commit`);
}

// A sequence that a column owns goes with its table.
const foreignObjects = `
  with ours as (select n.oid from pg_namespace n where n.nspname = any ($1)),
  wanted as (select r.oid from pg_roles r where quote_ident(r.rolname) = $2)
  select format('alter %s owner to %s', what, $2) as statement from (
    select 0 as place, format('schema %I', n.nspname) as what, n.nspowner as owner from pg_namespace n
      where n.oid in (table ours)
    union all
    select 1, format('%s %s', case c.relkind when 'v' then 'view' when 'S' then 'sequence' else 'table' end, c.oid::regclass),
      c.relowner from pg_class c
      where c.relnamespace in (table ours) and c.relkind in ('r', 'p', 'v', 'S') and not (c.relkind = 'S' and exists (
        select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i')
          and d.refclassid = 'pg_class'::regclass))
    union all
    select 2, format('routine %s', p.oid::regprocedure), p.proowner from pg_proc p where p.pronamespace in (table ours)
    union all
    select 3, format('type %s', t.oid::regtype), t.typowner from pg_type t join pg_class c on c.oid = t.typrelid
      where t.typnamespace in (table ours) and c.relkind = 'c'
  ) found where owner <> (table wanted) order by place`;
