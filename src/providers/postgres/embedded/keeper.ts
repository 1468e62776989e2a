import type pg from "pg";
import { hangUp, sqlState, why } from "../connection.ts";
import { adminRole, clientFor, everydayRole, type Login, logIn } from "../login.ts";
import { convertRoles, ensureRole, giveDatabase } from "./convert.ts";
import type { Site } from "./site.ts";

/** A session whose shared lock tells the others that somebody still uses the server. */
export interface Keeper {
  readonly client: pg.Client;
  readonly port: number;
  /** Settles when the session has ended, for whatever reason. */
  readonly ended: Promise<void>;
}

export type Kept =
  | { readonly state: "kept"; readonly keeper: Keeper }
  /** The server is coming up, going down or full. */
  | { readonly state: "not yet"; readonly why: string }
  | { readonly state: "locked out"; readonly why: string };

const users = "hashtextextended('fairlead: users of this server', 0)";
const databases = "hashtextextended('fairlead: databases are being made', 0)";

/** Connects to the server and counts us among its users. A cluster of 0.3.0 is converted first. */
export async function keep(site: Pick<Site, "password" | "adminPassword">, port: number): Promise<Kept> {
  const kept = await keepAsAdmin(site, port);
  if (kept.state !== "locked out") return kept;
  const converted = await convertRoles(site, port).catch(() => false);
  return converted ? keepAsAdmin(site, port) : kept;
}

async function keepAsAdmin({ adminPassword }: Pick<Site, "adminPassword">, port: number): Promise<Kept> {
  const keeper = session({ port, user: adminRole, password: adminPassword });
  try {
    await logIn(keeper.client);
    // Waits while the last user is shutting the server down, and is then disconnected.
    await keeper.client.query(`select pg_advisory_lock_shared(${users})`);
    return { state: "kept", keeper };
  } catch (error) {
    await hangUp(keeper.client);
    const lockedOut = sqlState(error) === "28P01";
    return { state: lockedOut ? "locked out" : "not yet", why: why(error) };
  }
}

/**
 * Gives up our place among the users. True when nobody else is left, and then nobody can come either, until the
 * session ends: whoever gets the exclusive lock may stop the server.
 */
export async function isLastToLeave({ client }: Keeper): Promise<boolean> {
  await client.query(`select pg_advisory_unlock_shared(${users})`);
  const { rows } = await client.query<{ last: boolean }>(`select pg_try_advisory_lock(${users}) as last`);
  return rows[0]?.last === true;
}

/**
 * Creates the everyday role and its database, unless they exist. One process at a time, because two copies of template1 at once
 * are an error.
 */
export async function ensureDatabase({ client, port }: Keeper, site: Site, name: string): Promise<void> {
  await client.query(`select pg_advisory_lock(${databases})`);
  try {
    const { rowCount } = await client.query("select 1 from pg_database where datname = $1", [name]);
    await ensureRole(client, site);
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)} owner ${everydayRole}`);
    else await giveDatabase(client, site, port, name);
  } finally {
    await client.query(`select pg_advisory_unlock(${databases})`).catch(() => {});
  }
}

function session(login: Login): Keeper {
  const client = clientFor(login);
  const ended = new Promise<void>((resolve) => {
    client.once("end", resolve);
    // Without a listener, a server that ends would end us too.
    client.on("error", () => resolve());
  });
  return { client, port: login.port, ended };
}
