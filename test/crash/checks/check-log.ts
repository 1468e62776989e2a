import type { Sql } from "../../../src/store/sql.ts";
import type { OnTheWay } from "../person.ts";
import { endings } from "../ways.ts";

/** What the agent prints: see agent.sh. */
const printed = [1, 2, 3, 4, 5, 6].map((n) => `line ${n}\n`).join("");

interface Chunk {
  readonly changeId: string;
  readonly environmentId: string;
  readonly process: string;
  readonly stream: string;
  readonly startByte: number;
  readonly endByte: number;
  readonly text: string;
}

/** Whether the log has every byte that was printed, once and in order. A cancelled agent is stopped on its way. */
export async function logProblems(sql: Sql, changes: readonly OnTheWay[]): Promise<string[]> {
  const rows = await sql<Chunk[]>`
    select change_id, environment_id, process, stream, start_byte, end_byte, text from fairlead.log_chunks
    where change_id = any (${changes.map(({ id }) => id)}) order by environment_id, process, stream, seq`;
  const byChange = Map.groupBy(rows, ({ changeId }) => changeId);
  return changes.flatMap(({ id, way }) => {
    const files = Map.groupBy(byChange.get(id) ?? [], (row) => `${row.environmentId} ${row.process} ${row.stream}`);
    const found: string[] = [];
    let agents = 0;
    for (const [file, chunks] of files) {
      if (chunks.some(({ startByte }, at) => startByte !== (chunks[at - 1]?.endByte ?? 0))) {
        found.push(`the log of ${file} has a gap or a double: ${chunks.map((c) => `${c.startByte}-${c.endByte}`)}`);
      }
      if (!file.includes(" agent-") || !file.endsWith(" stdout")) continue;
      agents += 1;
      const text = chunks.map((chunk) => chunk.text).join("");
      const isWhole = way === "cancelled" ? text !== "" && printed.startsWith(text) : text === printed;
      if (!isWhole) found.push(`the log of ${file} is ${JSON.stringify(text)}`);
    }
    if (agents !== endings[way].starts) found.push(`${id} (${way}) has the logs of ${agents} agents`);
    return found;
  });
}
