import { sessionSettings } from "../../domain/session-settings.ts";
import {
  collationChanged,
  connectionLimit,
  connectionsNeeded,
  type ServerFacts,
  serverFacts,
} from "../../store/health/server-facts.ts";
import type { Sql } from "../../store/sql.ts";
import { plain, plainLine } from "../screen/plain.ts";
import { bad, type Finding, good, note } from "./checks.ts";

/** Checks what a session can't set for itself, in a database that is up to date. */
export async function checkServer(sql: Sql): Promise<Finding[]> {
  const facts = await serverFacts(sql, [...Object.keys(sessionSettings), "search_path", "role"]);
  return [
    durability(facts),
    role(facts),
    await connections(sql),
    ...(await sorting(sql)),
    ...strangers(facts),
    ...defaults(facts),
  ];
}

function durability({ fsync, fullPageWrites, autovacuum }: ServerFacts): Finding {
  const off = [fsync ? [] : ["fsync"], fullPageWrites ? [] : ["full_page_writes"]].flat();
  if (off.length > 0)
    return bad("durability", `${off.join(", ")} off`, "A crash of the machine may cost the database.");
  if (autovacuum) return good("durability", "commits are on disk");
  return note("durability", "autovacuum off", "Tables grow, and the server stops in the end: switch it on.");
}

function role({ user, superuser }: ServerFacts): Finding {
  if (!superuser) return good("role", plainLine(user));
  const advice = "Let Fairlead connect as a role of its own that owns the schema fairlead: docs/sql.md says how.";
  return note("role", `${plainLine(user)}, a superuser`, advice);
}

async function connections(sql: Sql): Promise<Finding> {
  const allowed = await connectionLimit(sql);
  const found = `${allowed} at once`;
  if (allowed >= connectionsNeeded) return good("connections", found);
  return bad("connections", found, `A server needs ${connectionsNeeded}: raise the limit of server, database or role.`);
}

async function sorting(sql: Sql): Promise<Finding[]> {
  if (!(await collationChanged(sql))) return [];
  const advice = "Run `reindex database`, then `alter database … refresh collation version`.";
  return [note("sorting", "the collation's version has changed since the indexes were built", advice)];
}

/** Triggers, rules and policies of others that act on Fairlead's tables. */
function strangers({ eventTriggers, foreign }: ServerFacts): Finding[] {
  const found = [...foreign, ...eventTriggers.map((name) => `event trigger ${name}`)];
  if (found.length === 0) return [];
  return [
    note(
      "not ours",
      plainLine(found.join(", ")),
      "It acts on Fairlead's tables: make sure that it changes nothing there.",
    ),
  ];
}

function defaults({ setBack }: ServerFacts): Finding[] {
  if (setBack.length === 0) return [];
  return [good("session defaults", plain(`${setBack.join(", ")}: overridden in Fairlead's sessions`))];
}
