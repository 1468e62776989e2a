import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import type { ChangeId } from "../../src/domain/ids.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";

export const bin = fileURLToPath(new URL("../../src/main/fairlead.ts", import.meta.url));

export interface Ran {
  readonly code: number | undefined;
  readonly out: string;
  readonly err: string;
}

/** A database, a data folder and a repository with a remote: all that the command line works with but a worker. */
export interface Place {
  readonly database: TestDatabase;
  readonly folder: string;
  /** A checkout whose origin is the bare repository beside it. */
  readonly checkout: string;
  readonly origin: string;
  fairlead(args: readonly string[], options?: RunOptions): Promise<Ran>;
  /** The same, running on. */
  start(args: readonly string[], options?: RunOptions): ReturnType<typeof launch>;
  remove(): Promise<void>;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
}

export const me = userInfo().username;

/** In a database of the tests' common server, or in the one that is given, which `remove` drops. */
export async function makePlace(given?: TestDatabase): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), "fairlead-cli-"));
  const [checkout, origin] = [join(folder, "Ünser Shop"), join(folder, "shop.git")];
  await makeRepository(checkout, origin);
  const database = given ?? (await testDatabase());
  await database.sql`update fairlead.settings set max_active_changes = 1000`;
  const variables = { HOME: folder, DATABASE_URL: database.url, FAIRLEAD_HOME: join(folder, "home") };
  const start: Place["start"] = (args, { cwd = folder, input = "", env } = {}) =>
    launch(args, { cwd, input, env: { ...variables, ...env } });
  return {
    database,
    folder,
    checkout,
    origin,
    start,
    async fairlead(args, given) {
      const { exitCode, stdout, stderr } = await start(args, given);
      return { code: exitCode, out: stdout, err: stderr };
    },
    async remove() {
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function launch(args: readonly string[], { cwd, input, env }: Required<RunOptions>) {
  return execa(process.execPath, [bin, ...args], {
    cwd,
    input,
    env: { PATH: pathOf(), ...env },
    extendEnv: false,
    reject: false,
    stripFinalNewline: false,
    timeout: 60_000,
  });
}

/** The current Node, and what else the machine has: git. */
function pathOf(): string {
  return [dirname(process.execPath), process.env.PATH ?? ""].join(delimiter);
}

async function makeRepository(checkout: string, origin: string): Promise<void> {
  const git = (...args: string[]) => execa("git", ["-c", "user.name=A", "-c", "user.email=a@example.com", ...args]);
  await git("init", "--quiet", "--bare", "--initial-branch=main", origin);
  await git("init", "--quiet", "--initial-branch=main", checkout);
  await git("-C", checkout, "commit", "--quiet", "--allow-empty", "--message=first");
  await git("-C", checkout, "remote", "add", "origin", "../shop.git"); // relative, as people have it
  await git("-C", checkout, "push", "--quiet", "origin", "main");
}

/** A change of the workspace `shop`, or of one for another repository, asked for and, without any worker, carried on as far as a preview. */
export async function deployedChange(
  { database: { sql } }: Place,
  { text = "Add a spinner", preview = "http://localhost:20000", repository = "/nowhere/shop.git" } = {},
): Promise<ChangeId> {
  const id = await pendingChange({ sql }, { text, repository });
  await sql`
    update fairlead.change_requests set status = 'implementing', branch_name = 'change/x', base_commit = 'b'
    where id = ${id}`;
  await sql`
    update fairlead.change_requests set task = 'preview', head_commit = 'abcdef0123456789' where id = ${id}`;
  await sql`update fairlead.change_requests set status = 'deployed', preview_url = ${preview} where id = ${id}`;
  return id;
}

export async function pendingChange(
  { sql }: Pick<TestDatabase, "sql">,
  { text = "Add a spinner", repository = "/nowhere/shop.git" } = {},
): Promise<ChangeId> {
  const workspace = repository === "/nowhere/shop.git" ? "shop" : "other";
  await sql`
    insert into fairlead.workspaces (name, repository_url, default_branch, agent, max_active_changes)
    values (${workspace}, ${repository}, 'main', 'scripted', 1000) on conflict do nothing`;
  const [row] = await sql<[{ id: ChangeId }]>`
    insert into fairlead.change_requests (workspace, request_text) values (${workspace}, ${text}) returning id`;
  return row.id;
}

/** Logs a stretch of output as a worker does. */
export async function logOutput({ sql }: TestDatabase, changeId: ChangeId, text: string): Promise<void> {
  await sql`
    insert into fairlead.log_chunks (change_id, environment_id, process, stream, start_byte, end_byte, text)
    select id, environment_id, 'agent-1', 'stdout', 0, ${Buffer.byteLength(text)}, ${text}
    from fairlead.change_requests where id = ${changeId}`;
}

export function shortOf(id: ChangeId): string {
  return id.slice(-8).toLowerCase();
}
