import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { inject, onTestFinished } from "vitest";
import { adminOf, sessionAt } from "./postgres/logins.ts";

export interface People {
  readonly reader: string;
  readonly asker: string;
  readonly reviewer: string;
}

/** The roles of docs/sql.md, made by the statements that stand there; under other names, for roles are the server's. */
export async function makePeople(databaseUrl: string): Promise<People> {
  const page = await readFile(new URL("../../docs/sql.md", import.meta.url), "utf8");
  const rights = page.slice(page.indexOf("## Rights"));
  const [, statements = ""] = /```sql\n([\s\S]*?)```/.exec(rights) ?? [];
  const suffix = randomBytes(4).toString("hex");
  const named = (role: keyof People) => `fairlead_${role}_${suffix}`;
  const people = { reader: named("reader"), asker: named("asker"), reviewer: named("reviewer") };
  onTestFinished(async () => {
    const server = await sessionAt(inject("postgres").maintenanceUrl);
    const all = [people.asker, people.reviewer, people.reader].join(", ");
    await adminOf(databaseUrl).then(
      (last) => last.query(`drop owned by ${all} cascade`),
      () => {},
    );
    await server.query(`drop role ${all}`);
  });
  const admin = await adminOf(databaseUrl);
  await admin.query(statements.replace(/fairlead_(reader|asker|reviewer)/g, `$&_${suffix}`));
  return people;
}
