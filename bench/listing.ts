import { createToken } from "../src/actions/manage-tokens.ts";
import { makeApp } from "../src/http/app.ts";
import { listen } from "../src/http/listen.ts";
import { makeLog } from "../src/main/log.ts";
import type { Sql } from "../src/store/sql.ts";
import type { Bench } from "./lifecycle.ts";
import { nullServices } from "./null-services.ts";

/** Changes that were merged long ago, each with its environment and its eight events, as the kernel would have left them. */
export async function addFinishedChanges(sql: Sql, count: number): Promise<void> {
  await sql`alter table fairlead.change_requests disable trigger user`;
  await sql`alter table fairlead.environments disable trigger user`;
  await sql`
    insert into fairlead.change_requests (workspace, request_text, status, version, repository_url, branch_name, target_branch,
      agent, decided_by, merge_commit_sha, head_commit, environment_id, summary, finished_at)
    select 'bench', 'Change number ' || n, 'merged', 8, '/nowhere/bench.git', 'change/' || n, 'main', 'scripted', 'ann',
      md5(n::text), md5(n::text), fairlead.ulid(), repeat('What was done. ', 10), now() - n * interval '1 second'
    from generate_series(1, ${count}::int) n`;
  await sql`
    insert into fairlead.environments (id, workspace, change_id, provider, repository_url, status, version, first_port)
    select environment_id, workspace, id, 'local', repository_url, 'terminated', 4, 20000
    from fairlead.change_requests where summary is not null and request_text like 'Change number %'`;
  await sql`
    insert into fairlead.events (xid, entity, entity_id, change_id, workspace, kind, version)
    select (select fairlead.event_xid(null)), 'change', c.id, c.id, c.workspace, 'change.moved', v
    from fairlead.change_requests c, generate_series(1, 8) v where c.request_text like 'Change number %'`;
  await sql`alter table fairlead.change_requests enable trigger user`;
  await sql`alter table fairlead.environments enable trigger user`;
  for (const table of ["change_requests", "environments", "events"]) await sql`vacuum analyze fairlead.${sql(table)}`;
}

/** Milliseconds that 95 of 100 listings take over HTTP, one after the other: first pages, later pages, filtered ones. */
export async function listingP95({ sql }: Bench): Promise<number> {
  const services = nullServices(sql);
  const app = makeApp(services, { log: makeLog("silent"), ready: async () => true });
  const server = await listen(app, { host: "127.0.0.1", port: 0 });
  const { token } = await createToken(services, "bench", "read");
  const times: number[] = [];
  try {
    let next: string | null = null;
    for (let turn = 0; turn < 300; turn += 1) {
      const query = new URLSearchParams({ limit: "50" });
      if (turn % 3 === 1 && next !== null) query.set("before", next);
      if (turn % 3 === 2) query.set("status", "merged");
      const before = performance.now();
      const response = await fetch(`${server.url}/api/changes?${query}`, {
        headers: { authorization: `Bearer ${token}` },
      });
      const body = (await response.json()) as { changes: unknown[]; next: string | null };
      if (turn >= 20) times.push(performance.now() - before);
      if (response.status !== 200 || body.changes.length !== 50)
        throw new Error(`the listing failed: ${JSON.stringify(body)}`);
      next = body.next;
    }
  } finally {
    await server.close();
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length * 0.95)] ?? 0;
}
