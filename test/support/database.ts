import { randomBytes } from "node:crypto";
import { inject } from "vitest";
import { connect, type Sql } from "../../src/store/sql.ts";

export interface TestDatabase {
  readonly url: string;
  readonly sql: Sql;
  /** A connection of its own, for transactions that are left open; closed with the pool. */
  session(): Sql;
  /** Closes the pool and drops the database, whoever is still connected. */
  drop(): Promise<void>;
}

/** A fresh clone of the migrated template: what happens in it, nobody else sees. */
export async function testDatabase(): Promise<TestDatabase> {
  const { url, drop } = await createDatabase(inject("postgres").template);
  return databaseAt(url, drop);
}

/** One at any address, which `drop` makes go. */
export function databaseAt(url: string, drop: () => Promise<void>): TestDatabase {
  const sql = connect(url);
  const sessions: Sql[] = [];
  return {
    url,
    sql,
    session() {
      const session = connect(url, { max: 1 });
      sessions.push(session);
      return session;
    },
    async drop() {
      await Promise.all([sql, ...sessions].map((pool) => pool.end({ timeout: 5 })));
      await drop();
    },
  };
}

/** May be called again. */
async function drop(maintenanceUrl: string, name: string): Promise<void> {
  const maintenance = connect(maintenanceUrl, { max: 1 });
  await maintenance`drop database if exists ${maintenance(name)} with (force)`;
  await maintenance.end();
}

export interface EmptyDatabase {
  readonly url: string;
  /** To be called once it has been migrated. */
  migrated(): TestDatabase;
  drop(): Promise<void>;
}

/** A database with nothing in it. */
export async function emptyDatabase(): Promise<EmptyDatabase> {
  const { url, drop } = await createDatabase("template1");
  return { url, migrated: () => databaseAt(url, drop), drop };
}

/** It belongs to the role that Fairlead has. */
async function createDatabase(template: string): Promise<{ url: string; drop: () => Promise<void> }> {
  const { maintenanceUrl, everydayUrl } = inject("postgres");
  const name = `test_${randomBytes(6).toString("hex")}`;
  const maintenance = connect(maintenanceUrl, { max: 1 });
  const owner = decodeURIComponent(new URL(everydayUrl).username);
  await maintenance`
    create database ${maintenance(name)} template ${maintenance(template)} owner ${maintenance(owner)}`.simple();
  await maintenance.end();
  return { url: withDatabase(everydayUrl, name), drop: () => drop(maintenanceUrl, name) };
}

/** An empty database in the place of any other of that name; gives its URL. */
export async function freshDatabase(serverUrl: string, name: string): Promise<string> {
  const sql = connect(serverUrl, { max: 1 });
  await sql`drop database if exists ${sql(name)} with (force)`;
  await sql`create database ${sql(name)}`;
  await sql.end();
  return withDatabase(serverUrl, name);
}

export function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
