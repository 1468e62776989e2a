import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import type { Services } from "../../src/actions/services.ts";
import type { Change } from "../../src/domain/change.ts";
import { DatabaseUnavailable } from "../../src/domain/faults/kernel.ts";
import type { ChangeId } from "../../src/domain/ids.ts";
import type { ChangeStatus } from "../../src/domain/lifecycles.ts";
import { makeLog } from "../../src/main/log.ts";
import { makeServices } from "../../src/main/services.ts";
import { startWorker, type WorkerHandle } from "../../src/main/worker.ts";
import { findChange } from "../../src/store/changes.ts";
import { listenForMoves } from "../../src/store/events.ts";
import { writeSettings } from "../../src/store/settings.ts";
import { faultOf } from "../../src/store/sql.ts";
import { parseSettings } from "../../src/wire/settings.ts";
import { type TestDatabase, testDatabase } from "./database.ts";

/** A step of the scripted agent; src/wire/agents/agent-script.ts has them all. */
export type Step = { readonly do: string } & Readonly<Record<string, unknown>>;

export const write = (path: string, text: string) => ({ do: "write", path, text });

/** A whole Fairlead to itself: a database, a data folder, and as many repositories and workers as a test wants. */
export interface World {
  readonly database: TestDatabase;
  readonly services: Services;
  readonly home: string;
  /** A bare repository with a small page on `main`; gives its path. */
  repository(files?: Readonly<Record<string, string>>): Promise<string>;
  /** Registers a repository whose scripted agent does these steps, one list a round; with none, what it does by itself. */
  workspace(name: string, remote: string, rounds: readonly (readonly Step[])[]): Promise<void>;
  /** Asks for a change by plain SQL. */
  request(workspace: string, text: string): Promise<ChangeId>;
  startWorker(): Promise<WorkerHandle>;
  change(id: ChangeId): Promise<Change>;
  /** Waits until a change is in one of these statuses; any other end of it is an error that says why. */
  reaches(id: ChangeId, ...statuses: ChangeStatus[]): Promise<Change>;
  /** Waits until a query gives a row. */
  row<Row extends object>(query: () => PromiseLike<readonly Row[]>): Promise<Row>;
  /** Waits until nothing of a change is left but its row. */
  cleaned(id: ChangeId): Promise<void>;
  close(): Promise<void>;
}

const page = "<!doctype html>\n<title>Shop</title>\n<h1>Shop</h1>\n";
const deadlineMs = 20_000;
let worlds = 0;

/** `given`: a migrated database to begin with, which is dropped with the rest. */
export async function makeWorld(
  variables: Readonly<Record<string, string>> = {},
  given?: TestDatabase,
): Promise<World> {
  const database = given ?? (await testDatabase());
  const home = await mkdtemp(join(tmpdir(), "fairlead-world-"));
  const settings = parseSettings({ FAIRLEAD_HOME: home, FAIRLEAD_LOG_LEVEL: "warn", ...variables });
  const services = makeServices(settings, database.sql, makeLog(settings.logLevel));
  // Test files run at once, each with ports of its own.
  worlds += 1;
  const firstPort = 21_000 + (Number(process.env.VITEST_POOL_ID ?? 1) % 50) * 600 + (worlds % 3) * 200;
  await writeSettings(database.sql, { maxActiveChanges: settings.maxActiveChanges, firstPort });
  const workers: WorkerHandle[] = [];
  const moved = new EventTarget();
  const listening = await listenForMoves(database.sql, () => moved.dispatchEvent(new Event("move")));

  const change = async (id: ChangeId): Promise<Change> => {
    const found = await findChange(database.sql, id);
    if (found === null) throw new Error(`there is no change ${id}`);
    return found;
  };

  /** Asks again at each move, and a few times a second besides. */
  async function eventually<Found>(ask: () => Promise<Found | null>, what: () => Promise<string>): Promise<Found> {
    const deadline = AbortSignal.timeout(deadlineMs);
    for (;;) {
      const found = await ask().catch((error: unknown) => {
        if (faultOf(error) instanceof DatabaseUnavailable) return null; // a test that kills connections kills ours too
        throw error;
      });
      if (found !== null) return found;
      if (deadline.aborted) throw new Error(await what());
      await nextMove(moved);
    }
  }

  return {
    database,
    services,
    home,
    repository: (files = { "index.html": page }) => makeRepository(home, files),
    async workspace(name, remote, rounds) {
      await database.sql`insert into fairlead.workspaces (name, repository_url, default_branch, agent, agent_settings, max_active_changes)
        values (${name}, ${remote}, 'main', 'scripted', ${database.sql.json((rounds.length === 0 ? {} : { rounds }) as never)}, 100)`;
    },
    async request(workspace, text) {
      const [row] = await database.sql<{ id: ChangeId }[]>`
        insert into fairlead.change_requests (workspace, request_text) values (${workspace}, ${text}) returning id`;
      return row?.id ?? ("" as ChangeId);
    },
    async startWorker() {
      const worker = await startWorker({ services, databaseUrl: database.url, concurrency: settings.concurrency });
      workers.push(worker);
      return worker;
    },
    change,
    reaches: (id, ...statuses) =>
      eventually(
        async () => {
          const now = await change(id);
          if (statuses.includes(now.status)) return now;
          if (now.finishedAt !== null) throw new Error(`it is ${now.status}: ${now.failureKind} ${now.failureMessage}`);
          return null;
        },
        async () => {
          const jobs = await database.sql`select * from fairlead.jobs where key = ${id}`;
          return `it is still ${(await change(id)).status}, and not ${statuses.join(" or ")}: ${JSON.stringify(jobs)}`;
        },
      ),
    row: (query) =>
      eventually(
        async () => (await query())[0] ?? null,
        async () => "no row came",
      ),
    async cleaned(id) {
      await eventually(
        async () => {
          const left =
            await database.sql`select from fairlead.environments where change_id = ${id} and status <> 'terminated'`;
          return left.length === 0 ? true : null;
        },
        async () => {
          const left = await database.sql`select status, note from fairlead.environments where change_id = ${id}`;
          return `something is left: ${JSON.stringify(left)}`;
        },
      );
    },
    async close() {
      for (const worker of workers) await worker.stop();
      for (const id of await services.provider("local").list()) await services.provider("local").terminate(id, "");
      await listening.unlisten();
      await database.drop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

function nextMove(moved: EventTarget): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, 200);
    function done() {
      clearTimeout(timer);
      moved.removeEventListener("move", done);
      resolve();
    }
    moved.addEventListener("move", done);
  });
}

/** A bare repository in a folder of its own there, beside the checkout `seed` that it was pushed from; gives its path. */
export async function makeRepository(home: string, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(home, "remote-"));
  const remote = join(folder, "remote.git");
  const seed = join(folder, "seed");
  await execa("git", ["init", "--quiet", "--bare", "--initial-branch=main", remote]);
  await execa("git", ["clone", "--quiet", remote, seed]);
  await commitTo(seed, files, "Begin");
  return remote;
}

/** Commits files in a checkout and pushes its branch; what a colleague would do meanwhile. */
export async function commitTo(
  checkout: string,
  files: Readonly<Record<string, string>>,
  message: string,
): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(checkout, name)), { recursive: true });
    await writeFile(join(checkout, name), text);
  }
  const git = (...args: string[]) =>
    execa("git", ["-c", "user.name=Colleague", "-c", "user.email=c@example.com", ...args], { cwd: checkout });
  await git("add", "--all");
  await git("commit", "--quiet", "-m", message);
  await git("push", "--quiet", "origin", "HEAD");
}

/** What git says about a repository, trimmed. */
export async function gitIn(repository: string, ...args: string[]): Promise<string> {
  const { stdout } = await execa("git", args, { cwd: repository, reject: false });
  return stdout.trim();
}

/** What lies at the top of a branch, by name. */
export async function filesOn(repository: string, branch: string | null): Promise<string[]> {
  return (await gitIn(repository, "ls-tree", "--name-only", branch ?? "")).split("\n");
}
