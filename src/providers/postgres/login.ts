import pg from "pg";
import { sessionStatement } from "../../domain/session-settings.ts";
import { hangUp } from "./connection.ts";

/** The role that Fairlead and `fairlead db url` use: no superuser, and the owner of its database. */
export const everydayRole = "fairlead";

/** The superuser that initdb creates: only for creating databases and roles. */
export const adminRole = "fairlead_admin";

export interface Login {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** `postgres` when left out. */
  readonly database?: string;
}

/** A client of the embedded server, not connected yet. */
export function clientFor({ port, user, password, database = "postgres" }: Login): pg.Client {
  return new pg.Client({
    host: "127.0.0.1",
    port,
    user,
    password,
    database,
    ssl: false,
    keepAlive: true,
    application_name: "fairlead keeper",
    connectionTimeoutMillis: 5_000,
    query_timeout: 25_000,
  });
}

/** Connects and sets the session's settings. The server ends a statement after 20 s, before the client's timeout of 25 s. */
export async function logIn(client: pg.Client): Promise<void> {
  await client.connect();
  await client.query(sessionStatement({ statement_timeout: "20000" }));
}

/** Does some work in a session of its own. */
export async function inSession<Result>(login: Login, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = clientFor(login);
  // Without a listener, a server that ends would end us too.
  client.on("error", () => {});
  try {
    await logIn(client);
    return await work(client);
  } finally {
    await hangUp(client);
  }
}
