/** Opens the Postgres of a home in a process of its own, prints its URL, and closes it when standard input ends. */
import { openPostgres } from "../../../src/providers/postgres/open-postgres.ts";

const handle = await openPostgres({ home: process.argv[2] ?? "", databaseUrl: undefined });
process.stdout.write(`${handle.url}\n`);
process.stdin.resume();
process.stdin.once("end", () => handle.close());
