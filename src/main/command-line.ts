import { readFileSync, statSync } from "node:fs";
import type { Assembly, Cli } from "../cli/cli.ts";
import { run } from "../cli/run.ts";
import { localCheckout } from "../providers/git/local-checkout.ts";
import { parseSettings, type Settings } from "../wire/settings.ts";
import { guardAgainstDriver } from "./guard.ts";

/** Runs what the command line asks for. */
export async function main(): Promise<void> {
  guardAgainstDriver();
  loadDotEnv();
  await run(cli, process.argv.slice(2));
}

// What only some commands need is imported by them: `fairlead --help` answers at once.
const cli: Cli = {
  version: versionOfPackage(),
  home: () => readSettings().home,
  checkout: localCheckout,
  async open() {
    const [{ assemble }, { makeLog }] = await Promise.all([import("./services.ts"), import("./log.ts")]);
    const settings = readSettings();
    return await assemble(settings, makeLog(settings.logLevel));
  },
  openUnmigrated,
  async migrate() {
    const [{ openPostgres }, { migrate }] = await Promise.all([
      import("../providers/postgres/open-postgres.ts"),
      import("../store/migrate.ts"),
    ]);
    const postgres = await openPostgres(readSettings());
    try {
      return await migrate(postgres.url);
    } finally {
      await postgres.close();
    }
  },
  async start() {
    const { start } = await import("./start.ts");
    await start(readSettings("info"));
  },
  async demo() {
    const { demo } = await import("./demo.ts");
    return await demo();
  },
  async agents() {
    const { agentNamed, agentNames } = await import("../providers/agents/catalogue.ts");
    return agentNames.map((name) => ({
      name,
      credentials: agentNamed(name).credentials.map((variable) => ({
        variable,
        present: Boolean(process.env[variable]),
      })),
    }));
  },
};

/** For looking at a database that may not be ours to change, or not yet. */
async function openUnmigrated(): Promise<Assembly> {
  const [{ makeServices }, { makeLog }, { openPostgres }, { connect }] = await Promise.all([
    import("./services.ts"),
    import("./log.ts"),
    import("../providers/postgres/open-postgres.ts"),
    import("../store/sql.ts"),
  ]);
  const settings = readSettings();
  const postgres = await openPostgres(settings);
  const sql = connect(postgres.url, { max: 2 });
  return {
    services: makeServices(settings, sql, makeLog(settings.logLevel)),
    databaseUrl: postgres.url,
    embedded: postgres.embedded,
    async close() {
      await sql.end({ timeout: 5 });
      await postgres.close();
    },
  };
}

function readSettings(logLevel = "warn"): Settings {
  return parseSettings({ ...process.env, FAIRLEAD_LOG_LEVEL: process.env.FAIRLEAD_LOG_LEVEL || logLevel });
}

/** A `.env` in the current folder, under what is set already. */
function loadDotEnv(): void {
  if (statSync(".env", { throwIfNoEntry: false })?.isFile() === true) process.loadEnvFile(".env");
}

function versionOfPackage(): string {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return String(version);
}
