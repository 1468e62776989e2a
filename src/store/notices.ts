import type { ChangeId } from "../domain/ids.ts";
import type { NoticeCode } from "../domain/notice.ts";
import type { Sql } from "./sql.ts";

/** Adds a notice to a change. A notice that it has already is not added again. */
export async function addNotice(sql: Sql, id: ChangeId, code: NoticeCode, text: string): Promise<void> {
  await sql`select fairlead.add_notice(${id}, ${code}, ${text})`;
}
