import { join } from "node:path";
import { execa } from "execa";
import pg from "pg";
import { commitTo, gitIn } from "../world.ts";
import type { FormerSchema } from "./former-schemas.ts";

/** What an earlier program left when it was stopped. */
export interface InFlight {
  /** The ids of changes, by where they stood. */
  readonly changes: Readonly<Record<Standing, string>>;
  /** A run of three steps, of which the first is done and the second waits for a worker; null before there were plans. */
  readonly run: { readonly id: string; readonly environmentId: string } | null;
}

const standings = ["provisioning", "implementing", "deployed", "approved", "merging", "failed", "pending"] as const;
export type Standing = (typeof standings)[number];

const blueprint = { setup: null, start: null, check: null, port: null, source: "a test" };

/** Fills a database of an earlier schema by plain SQL, under its own triggers. */
export async function leaveInFlight(databaseUrl: string, schema: FormerSchema, remote: string): Promise<InFlight> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const changes: Partial<Record<Standing, string>> = {};
    for (const standing of standings) {
      // All places are taken, and the last one has to wait.
      if (standing === "pending") await client.query("update fairlead.settings set max_active_changes = 1");
      changes[standing] = await leaveChange(client, remote, standing);
    }
    return { changes: changes as InFlight["changes"], run: await leaveRun(client, schema) };
  } finally {
    await client.end();
  }
}

/** A change that has come so far, with a commit of its own on the remote where one was pushed. */
async function leaveChange(client: pg.Client, remote: string, standing: Standing): Promise<string> {
  // Each agent writes a file of its own: none of these conflict.
  const rounds = [[{ do: "write", path: `${standing}-by-agent`, text: "done" }]];
  await client.query(
    `insert into fairlead.workspaces (name, repository_url, default_branch, agent, agent_settings)
     values ($1, $2, 'main', 'scripted', $3)`,
    [standing, remote, JSON.stringify({ rounds })],
  );
  const inserted = await client.query<{ id: string }>(
    "insert into fairlead.change_requests (workspace, request_text) values ($1, 'Write a file') returning id",
    [standing],
  );
  const id = inserted.rows[0]?.id ?? "";
  const set = (assignments: string, ...values: string[]) =>
    client.query(`update fairlead.change_requests set ${assignments} where id = $1`, [id, ...values]);
  if (standing === "pending" || standing === "provisioning") return id;
  const branch = `change/${standing}`;
  const { base, head } = await pushWork(remote, branch, standing);
  await set(
    "status = 'implementing', branch_name = $2, target_branch = 'main', base_commit = $3, blueprint = $4",
    ...[branch, base, JSON.stringify(blueprint)],
  );
  if (standing === "implementing") return id;
  if (standing === "failed") {
    await set("status = 'failed', failure_kind = 'agent', failure_message = 'it gave up'");
    return id;
  }
  await set("task = 'preview', head_commit = $2", head);
  await set("status = 'deployed'");
  if (standing !== "deployed") await client.query("select fairlead.approve_change($1, 'ann')", [id]);
  return id;
}

async function pushWork(remote: string, branch: string, file: string): Promise<{ base: string; head: string }> {
  const checkout = join(remote, "..", "seed");
  await execa("git", ["checkout", "--quiet", "-B", branch, "origin/main"], { cwd: checkout });
  const base = await gitIn(checkout, "rev-parse", "HEAD");
  await commitTo(checkout, { [file]: `${file}\n` }, `Work of ${file}`);
  return { base, head: await gitIn(checkout, "rev-parse", "HEAD") };
}

async function leaveRun(client: pg.Client, { migrations }: FormerSchema): Promise<InFlight["run"]> {
  if (!migrations.includes("0003_plans")) return null;
  const started = await client.query<{ id: string }>("select (fairlead.start_run('three-steps')).id");
  const id = started.rows[0]?.id ?? "";
  await client.query("update fairlead.runs set status = 'running' where id = $1", [id]);
  await client.query("update fairlead.steps set status = 'succeeded' where run_id = $1 and key = 'one'", [id]);
  const { rows } = await client.query<{ environmentId: string }>(
    `select environment_id as "environmentId" from fairlead.runs where id = $1`,
    [id],
  );
  return { id, environmentId: rows[0]?.environmentId ?? "" };
}
