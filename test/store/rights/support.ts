import type pg from "pg";
import type { Sql } from "../../../src/store/sql.ts";

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
