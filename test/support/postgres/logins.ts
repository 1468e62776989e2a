import { randomBytes } from "node:crypto";
import pg from "pg";
import { inject, onTestFinished } from "vitest";
import { withDatabase } from "../database.ts";

/** A session as people have one: nothing is set in it. */
export async function sessionAt(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  onTestFinished(() => client.end().catch(() => {}));
  return client;
}

/** The server's superuser, in a database. */
export async function adminOf(databaseUrl: string): Promise<pg.Client> {
  return sessionAt(withDatabase(inject("postgres").maintenanceUrl, new URL(databaseUrl).pathname.slice(1)));
}

export interface Login {
  readonly role: string;
  readonly client: pg.Client;
  /** Another session of the same role. */
  readonly again: () => Promise<pg.Client>;
}

/** A person of that name with a password, member of these roles; gone with the test. Roles are the server's, so each is made up. */
export async function logInAs(databaseUrl: string, name: string, memberOf: readonly string[] = []): Promise<Login> {
  const admin = await adminOf(databaseUrl);
  const role = `${name} ${randomBytes(4).toString("hex")}`;
  const quoted = admin.escapeIdentifier(role);
  await admin.query(`create role ${quoted} login password 'secret'`);
  for (const group of memberOf) await admin.query(`grant ${admin.escapeIdentifier(group)} to ${quoted}`);
  onTestFinished(async () => {
    const server = await sessionAt(inject("postgres").maintenanceUrl);
    await server.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = $1", [role]);
    // The database may be gone already, and all that the role had in it.
    await adminOf(databaseUrl).then(
      (last) => last.query(`drop owned by ${quoted} cascade`),
      () => {},
    );
    await server.query(`drop role ${quoted}`);
  });
  const url = new URL(databaseUrl);
  url.username = encodeURIComponent(role);
  url.password = "secret";
  return { role, client: await sessionAt(url.href), again: () => sessionAt(url.href) };
}
