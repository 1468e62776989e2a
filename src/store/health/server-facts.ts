import type { Sql } from "../sql.ts";

/** The most that a server with its worker opens, and three for a command that runs beside it. */
export const connectionsNeeded = 25;

/** How many connections server, database and role allow at once. */
export async function connectionLimit(sql: Sql): Promise<number> {
  const [row] = await sql<{ allowed: number }[]>`
    select least(current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true)::int, 0),
      nullif(r.rolconnlimit, -1), nullif(d.datconnlimit, -1)) as allowed
    from pg_roles r cross join pg_database d where r.rolname = session_user and d.datname = current_database()`;
  return row?.allowed ?? connectionsNeeded;
}

/** Facts that no session can change, and that can cost data or time where they are unusual. */
export interface ServerFacts {
  readonly user: string;
  readonly superuser: boolean;
  readonly fsync: boolean;
  readonly fullPageWrites: boolean;
  readonly autovacuum: boolean;
  /** Names of event triggers: none is ours, and they may fire at our migrations. */
  readonly eventTriggers: readonly string[];
  /** Triggers, rules and policies of others on our tables: `workspaces.audit`. */
  readonly foreign: readonly string[];
  /** Defaults of the database or the role that our sessions override: `DateStyle=German`. */
  readonly setBack: readonly string[];
}

export async function serverFacts(sql: Sql, settings: readonly string[]): Promise<ServerFacts> {
  const [row] = await sql<[ServerFacts]>`
    select session_user::text as user,
      (select r.rolsuper from pg_roles r where r.rolname = session_user) as superuser,
      current_setting('fsync')::boolean as fsync, current_setting('full_page_writes')::boolean as full_page_writes,
      current_setting('autovacuum')::boolean as autovacuum,
      array(select t.evtname::text from pg_event_trigger t where t.evtenabled <> 'D' order by 1) as event_triggers,
      array(
        select c.relname || '.' || t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid
          join pg_proc p on p.oid = t.tgfoid
          where c.relnamespace = 'fairlead'::regnamespace and not t.tgisinternal and p.pronamespace <> c.relnamespace
        union all
        select p.tablename || '.' || p.policyname from pg_policies p where p.schemaname = 'fairlead'
        union all
        select r.tablename || '.' || r.rulename from pg_rules r where r.schemaname = 'fairlead'
        order by 1) as foreign,
      array(
        select o.setting from pg_db_role_setting s, unnest(s.setconfig) o(setting)
        where s.setdatabase in (0, (select d.oid from pg_database d where d.datname = current_database()))
          and s.setrole in (0, (select r.oid from pg_roles r where r.rolname = session_user))
          and lower(split_part(o.setting, '=', 1)) = any (${settings.map((name) => name.toLowerCase())})
        order by 1) as set_back`;
  return row;
}

/** Whether the database's indexes were sorted by another version of its collation than the server has now. */
export async function collationChanged(sql: Sql): Promise<boolean> {
  const [version] = await sql<[{ number: number }]>`select current_setting('server_version_num')::int as number`;
  if (version.number < 150_000) return false;
  const [row] = await sql<[{ changed: boolean }]>`
    select coalesce(d.datcollversion <> pg_database_collation_actual_version(d.oid), false) as changed
    from pg_database d where d.datname = current_database()`;
  return row.changed;
}
