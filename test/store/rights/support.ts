import type pg from "pg";
import { onTestFinished } from "vitest";
import type { Sql } from "../../../src/store/sql.ts";
import { type TestDatabase, testDatabase } from "../../support/database.ts";
import { makePeople, type People } from "../../support/people.ts";

/** A database with the roles of docs/sql.md, a workspace whose address has a token, and an API token; gone with the test. */
export async function databaseWithPeople(): Promise<{ database: TestDatabase; people: People }> {
  const database = await testDatabase();
  onTestFinished(() => database.drop());
  const people = await makePeople(database.url);
  await database.sql`insert into fairlead.workspaces (name, repository_url, default_branch, agent)
    values ('shop', 'https://user:t0ken@example.com/shop.git', 'main', 'command')`;
  await database.sql`insert into fairlead.api_tokens (name, role, hash) values ('a', 'admin', ${Buffer.alloc(32)})`;
  return { database, people };
}

/** A change in a status, as tasks bring it there. */
export async function changeAt(
  sql: Sql,
  status: "provisioning" | "implementing" | "deployed" | "failed" | "merging",
): Promise<string> {
  const [row] = await sql<{ id: string }[]>`
    insert into fairlead.change_requests (workspace, request_text) values ('shop', 'x') returning id`;
  const id = row?.id ?? "";
  if (status === "provisioning") return id;
  await sql`update fairlead.change_requests set status = 'implementing', branch_name = 'b', target_branch = ${id} where id = ${id}`;
  if (status === "implementing") return id;
  await sql`update fairlead.change_requests set status = 'deployed', head_commit = 'c0ffee' where id = ${id}`;
  if (status === "failed") await sql`select fairlead.cancel_change(${id}, 'ann')`;
  if (status === "merging") await sql`select fairlead.approve_change(${id}, 'ann')`;
  return id;
}

/** The SQLSTATE with which a statement is refused. */
export async function refusal(client: pg.Client, text: string, ...values: unknown[]): Promise<string> {
  return client.query(text, values).then(
    () => `allowed: ${text}`,
    (error: { code: string }) => error.code,
  );
}

export const forbidden = "42501";
