import type pg from "pg";
import { adminRole, everydayRole, inSession } from "../login.ts";
import { isVerifierOf, verifierOf } from "../verifier.ts";
import type { Site } from "./site.ts";

/** A superuser that exists only during the conversion, because a session can't rename its own role. */
const helper = "fairlead_conversion";

type Passwords = Pick<Site, "password" | "adminPassword">;

/**
 * A cluster of 0.3.0 has one role: `fairlead`, which is the superuser and owns everything. Renames that role, gives it another
 * password, and creates an ordinary role with the old name and password, so that addresses which people have stored stay valid.
 * It may be interrupted after each step: the next call continues. False: it is not a cluster of 0.3.0.
 */
export async function convertRoles(site: Passwords, port: number): Promise<boolean> {
  const asFormer = { port, user: everydayRole, password: site.password };
  return await inSession(asFormer, async (former) => {
    await former.query(`select pg_advisory_lock(${conversions})`);
    if (!(await isBootstrap(former, everydayRole))) return isBootstrap(former, adminRole);
    await former.query(`do $$ begin
      if not exists (select from pg_roles where rolname = '${helper}') then create role ${helper}; end if; end $$;
      alter role ${helper} login superuser password '${verifierOf(site.adminPassword)}'`);
    await inSession({ ...asFormer, user: helper, password: site.adminPassword }, (session) =>
      // One message, and so one transaction.
      session.query(`alter role ${everydayRole} rename to ${adminRole};
        alter role ${adminRole} password '${verifierOf(site.adminPassword)}';
        create role ${everydayRole} login password '${verifierOf(site.password)}'`),
    );
    return true;
  });
}

const conversions = "hashtextextended('fairlead: roles are being made', 0)";

/** The role that initdb creates has the oid 10, whatever its name is. */
async function isBootstrap(client: pg.Client, name: string): Promise<boolean> {
  const { rowCount } = await client.query("select from pg_roles where oid = 10 and rolname = $1", [name]);
  return rowCount === 1;
}

/** Creates the everyday role if it is missing, and sets its password to that in its file. */
export async function ensureRole(admin: pg.Client, { password }: Passwords): Promise<void> {
  const { rows } = await admin.query<{ stored: string | null }>(
    "select rolpassword as stored from pg_authid where rolname = $1",
    [everydayRole],
  );
  const [role] = rows;
  if (role === undefined) await admin.query(`create role ${everydayRole} login`);
  if (!isVerifierOf(password, role?.stored ?? null)) {
    await admin.query(`alter role ${everydayRole} login password '${verifierOf(password)}'`);
  }
  await admin.query(`drop role if exists ${helper}`);
}

/** Makes the everyday role the owner of all objects in a database, and then of the database, which marks it as done. */
export async function giveDatabase(admin: pg.Client, site: Passwords, port: number, database: string): Promise<void> {
  const { rowCount } = await admin.query("select from pg_database where datname = $1 and datdba = 10", [database]);
  if (rowCount === 0) return;
  const login = { port, user: adminRole, password: site.adminPassword, database };
  await inSession(login, (session) => session.query(`reset role; ${giveObjects}`));
  await admin.query(`alter database ${admin.escapeIdentifier(database)} owner to ${everydayRole}`);
}

// Objects with an oid of 16384 or more were not created by initdb. A sequence that a column owns changes with its table.
// (`reassign owned` refuses to: the bootstrap role owns the system's objects as well.)
const giveObjects = `
do $$
declare
  found text;
begin
  for found in
    select format('schema %I', n.nspname) from pg_namespace n where n.nspowner = 10 and n.oid >= 16384
    union all
    select format(case c.relkind when 'v' then 'view %s' when 'm' then 'materialized view %s' when 'S' then 'sequence %s'
        when 'f' then 'foreign table %s' when 'c' then 'type %s' else 'table %s' end, c.oid::regclass)
      from pg_class c where c.relowner = 10 and c.oid >= 16384 and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f', 'c')
        and not (c.relkind = 'S' and exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
          and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')))
    union all
    select format('routine %s', p.oid::regprocedure) from pg_proc p where p.proowner = 10 and p.oid >= 16384
    union all
    select format('type %s', t.oid::regtype) from pg_type t
      where t.typowner = 10 and t.oid >= 16384 and t.typrelid = 0 and t.typtype in ('b', 'd', 'e', 'r') and t.typelem = 0
  loop
    execute format('alter %s owner to ${everydayRole}', found);
  end loop;
end $$`;
