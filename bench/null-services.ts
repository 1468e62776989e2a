import type { Services } from "../src/actions/services.ts";
import type { AgentOutcome, AgentRole } from "../src/domain/agents/agent.ts";
import type { DataFolderId } from "../src/domain/data-folder.ts";
import { makeLog } from "../src/main/log.ts";
import type { Agent } from "../src/providers/agents/port.ts";
import type { Environment, EnvironmentProvider } from "../src/providers/environments/port.ts";
import type { Repository } from "../src/providers/git/port.ts";
import type { Sql } from "../src/store/sql.ts";

const commit = "0123456789012345678901234567890123456789";
const hour = 3_600_000;

/** Services whose every effect is done before it is asked for. */
export function nullServices(sql: Sql): Services {
  return {
    sql,
    log: makeLog("error"),
    onUsageLimit: "wait",
    limits: {
      pushMs: 60_000,
      provisionMs: hour,
      setupMs: hour,
      agentMs: hour,
      previewMs: hour,
      mergeMs: hour,
      idleMs: hour,
      ageMs: hour,
      graceMs: 1,
      remoteMs: 60_000,
    },
    provider: () => provider,
    agent: () => agent,
    repository: (url) => ({ ...repository, url }),
    credentials: {},
    sshAgent: null,
    dataFolder,
  };
}

const dataFolder: Services["dataFolder"] = {
  path: "/nowhere",
  host: "nowhere",
  holdsDatabase: false,
  id: async () => folder.id,
  open: async () => folder,
  check: async () => {},
  isAlsoAt: async () => false,
};

const folder = {
  id: "01K5TZ8M3RB6Q4W2E9XJDVH7NC" as DataFolderId,
  host: "nowhere",
  path: "/nowhere",
  userName: "nobody",
  machine: "nowhere",
};

/** Git in it says the same to every question: one commit, nothing uncommitted, and a difference to where it began. */
const environment = (id: Environment["id"]): Environment => ({
  id,
  checkout: "/nowhere",
  stateDirectory: "/nowhere",
  commonDirectory: async () => "/nowhere",
  present: async () => true,
  start: async () => ({ ended: Promise.resolve() }),
  adopt: async () => ({ state: "exited", code: 0, signal: null, endedAt: new Date() }),
  read: async () => Buffer.alloc(0),
  written: async () => 0,
  stop: async () => {},
  forget: async () => {},
  run: async (argv) => ({
    code: argv.includes("diff") && !argv.includes("--cached") ? 1 : 0,
    stdout: `${commit}\n`,
    output: "",
  }),
  readFile: async () => null,
  readState: async () => null,
  writeFile: async () => {},
  list: async () => [],
  listener: async () => "own",
  expose: () => "http://localhost:1",
});

const provider: EnvironmentProvider = {
  name: "null",
  provision: async ({ id }) => environment(id),
  open: (id) => environment(id),
  quiesce: async () => {},
  keep: async () => null,
  kept: async () => null,
  terminate: async () => {},
  remains: async () => ({ folder: false, processes: [] }),
  list: async () => [],
  mend: async () => [],
  findsAll: async () => true,
};

const session = {
  id: null,
  total: { costUsd: 0, inputTokens: 0, outputTokens: 0 },
  usage: { costUsd: 0, inputTokens: 0, outputTokens: 0 },
};

const agent: Agent = {
  name: "null",
  credentials: [],
  checkSettings: () => {},
  command: () => ({ argv: ["true"], stdin: "", variables: {} }),
  note: () => null,
  outcome: <Role extends AgentRole>() =>
    ({ state: "done", result: { summary: "Nothing" }, session }) as unknown as AgentOutcome<Role>,
};

const repository: Repository = {
  url: "",
  mirrorPath: "/nowhere",
  defaultBranch: async () => "main",
  hasBranch: async () => false,
  fetch: async () => {},
  branchHead: async () => commit,
  merge: async () => ({ state: "merged", commit, already: false }),
  deleteBranch: async () => true,
  readOnlySubmodules: async () => [],
  submoduleBranches: async () => [],
  contains: async () => false,
  fetchLfs: async () => {},
  publish: async () => commit,
  keepUnpushed: async () => commit,
  saveLeftovers: async () => ({ saved: [], objects: [] }),
  standing: async () => ({ base: commit, unapproved: [], unexplained: [] }),
  files: () => ({
    readFiles: async (paths) => Object.fromEntries(paths.map((path) => [path, null])) as never,
    list: async () => [],
  }),
  diff: async () => ({ bytes: new Uint8Array(), truncated: false }),
};
