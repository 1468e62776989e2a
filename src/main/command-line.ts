import { statSync } from "node:fs";
import type { AgentOnHand, Cli } from "../cli/cli.ts";
import { run } from "../cli/run.ts";
import { localCheckout } from "../providers/git/local-checkout.ts";
import { programVersion } from "../store/migrations/program.ts";
import { parseSettings, type Settings } from "../wire/settings.ts";
import { guardAgainstQueue } from "./guard.ts";

/** Runs what the command line asks for. */
export async function main(): Promise<void> {
  guardAgainstQueue();
  loadDotEnv();
  await run(makeCli, process.argv.slice(2));
}

// What only some commands need is imported by them: `fairlead --help` answers at once.
function makeCli(remark: (text: string) => void): Cli {
  const onSetup = (home: string) => remark(`Setting up Postgres in ${home} (once) …`);
  const open = async (migrate: boolean) => {
    const [{ assemble }, { makeLog }] = await Promise.all([import("./services.ts"), import("./log.ts")]);
    const settings = readSettings();
    return await assemble({ settings, log: makeLog(settings.logLevel), migrate, onSetup });
  };
  return {
    version: programVersion,
    home: () => readSettings().home,
    checkout: localCheckout,
    open: () => open(true),
    openUnmigrated: () => open(false),
    async migrate() {
      const [{ openPostgres }, { migrate }] = await Promise.all([
        import("../providers/postgres/open-postgres.ts"),
        import("../store/migrate.ts"),
      ]);
      const settings = readSettings();
      const postgres = await openPostgres({ ...settings, onSetup });
      try {
        return await migrate(postgres.url, settings);
      } finally {
        await postgres.close();
      }
    },
    async start() {
      const { start } = await import("./start.ts");
      await start(readSettings(process.stderr.isTTY ? "warn" : "info"), onSetup);
    },
    async startWorker({ services, databaseUrl }) {
      const { startWorker } = await import("./worker.ts");
      const { concurrency } = readSettings();
      // What it warns of would be written over what the command shows, and is in the rows as well.
      const log = process.env.FAIRLEAD_LOG_LEVEL ? services.log : services.log.child({}, { level: "error" });
      return await startWorker({ services: { ...services, log }, databaseUrl, concurrency });
    },
    async demo() {
      const { demo } = await import("./demo.ts");
      return await demo();
    },
    agents: agentsOnHand,
  };
}

async function agentsOnHand(): Promise<AgentOnHand[]> {
  const { agentNamed, agentNames } = await import("../providers/agents/catalogue.ts");
  return agentNames.map((name) => ({
    name,
    credentials: agentNamed(name).credentials.map((variable) => ({
      variable,
      present: Boolean(process.env[variable]),
    })),
  }));
}

function readSettings(logLevel = "warn"): Settings {
  return parseSettings({ ...process.env, FAIRLEAD_LOG_LEVEL: process.env.FAIRLEAD_LOG_LEVEL || logLevel });
}

/** A `.env` in the current folder, under what is set already. */
function loadDotEnv(): void {
  if (statSync(".env", { throwIfNoEntry: false })?.isFile() === true) process.loadEnvFile(".env");
}
