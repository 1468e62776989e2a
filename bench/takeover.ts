import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import type { Bench } from "./lifecycle.ts";

const program = fileURLToPath(new URL("../test/support/run-worker.ts", import.meta.url));
const lookMs = 5;

/**
 * Kills the worker process that follows an agent, again and again, while another one lives. How long it takes until that
 * one has the job, in milliseconds each.
 */
export async function takeovers({ sql, url }: Bench, home: string, times: number): Promise<number[]> {
  const id = await request(sql, home);
  const workers = [await begin(url, home), await begin(url, home)];
  const found: number[] = [];
  try {
    for (let time = 0; time < times; time += 1) {
      const holder = await untilHeld(sql, id, null);
      const at = workers.findIndex(({ pid }) => pid === holder);
      const killedAt = performance.now();
      workers[at]?.kill("SIGKILL");
      await untilHeld(sql, id, holder);
      found.push(performance.now() - killedAt);
      workers[at] = await begin(url, home);
      // Not always at the same moment of the second in which the others look.
      await delay(Math.random() * 1000);
    }
  } finally {
    await sql`select fairlead.cancel_change(${id}, 'bench')`;
    while (
      (await sql`select from fairlead.environments where change_id = ${id} and status <> 'terminated'`).length > 0
    ) {
      await delay(100);
    }
    for (const worker of workers) worker.kill("SIGKILL");
  }
  return found;
}

/** A change whose agent does not end. */
async function request(sql: Bench["sql"], home: string): Promise<string> {
  const repository = join(home, "takeover");
  await execa("git", ["init", "--quiet", "--initial-branch=main", repository]);
  const author = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"];
  await execa("git", ["-C", repository, ...author, "commit", "--quiet", "--allow-empty", "--message=Begin"]);
  await sql`insert into fairlead.workspaces (name, repository_url, default_branch, agent, agent_settings)
    values ('takeover', ${repository}, 'main', 'command', ${sql.json({ argv: ["sleep", "600"] })})`;
  const [row] = await sql<{ id: string }[]>`
    insert into fairlead.change_requests (workspace, request_text) values ('takeover', 'bench') returning id`;
  return row?.id ?? "";
}

async function begin(url: string, home: string): Promise<ChildProcess> {
  const worker = spawn(process.execPath, [program, url, home], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  await once(worker, "message");
  return worker;
}

/** The worker process, another than the one named, that runs the change's agent job. */
async function untilHeld(sql: Bench["sql"], id: string, butNot: number | null): Promise<number> {
  for (;;) {
    const [holder] = await sql<{ pid: number }[]>`
      select w.pid from fairlead.jobs j join fairlead.workers w on j.locked_by = any (w.pools)
      where j.key = ${id} and j.task_identifier = 'implement' and w.pid is distinct from ${butNot}`;
    if (holder !== undefined) return holder.pid;
    await delay(lookMs);
  }
}
