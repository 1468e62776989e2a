import type { ChangeId } from "../domain/ids.ts";
import type { NoticeCode } from "../domain/notice.ts";
import type { Sql } from "./sql.ts";

/** Tells people something about a change. The same text a second time changes nothing. */
export async function addNotice(sql: Sql, id: ChangeId, code: NoticeCode, text: string): Promise<void> {
  await sql`select fairlead.add_notice(${id}, ${code}, ${text})`;
}
