import type { Logger } from "pino";
import type { Services } from "../actions/services.ts";
import type { Assembly } from "../cli/cli.ts";
import { NotFound } from "../domain/faults/kernel.ts";
import { agentNamed, agentNames } from "../providers/agents/catalogue.ts";
import { dataFolderAt } from "../providers/data-folder/data-folder.ts";
import { localEnvironments } from "../providers/environments/local.ts";
import { openRepository } from "../providers/git/repository.ts";
import { openPostgres } from "../providers/postgres/open-postgres.ts";
import type { OpenPostgresOptions } from "../providers/postgres/port.ts";
import { migrate as applyMigrations } from "../store/migrate.ts";
import { connect } from "../store/sql.ts";
import type { Settings } from "../wire/settings.ts";
import { addBuiltInPlans } from "./built-in-plans.ts";

/** Between asking a process to end and killing it: a cancelled agent is gone within two seconds. */
const graceMs = 1000;

/** A clean-up whose remote says nothing for so long lets go of its slot: it is tried again each minute. */
const remoteMs = 60_000;

export interface AssembleOptions {
  readonly settings: Settings;
  readonly log: Logger;
  /** False: the database stays as it is, for it may not be ours to change, or not yet. */
  readonly migrate: boolean;
  /** Told that a Postgres of our own is being set up, which takes a few seconds. */
  readonly onSetup?: OpenPostgresOptions["onSetup"];
}

export async function assemble({ settings, log, migrate, onSetup }: AssembleOptions): Promise<Assembly> {
  const postgres = await openPostgres({
    home: settings.home,
    databaseUrl: settings.databaseUrl,
    log: (line, message) => log.debug(line, message),
    onSetup,
  });
  try {
    const applied = migrate ? await applyMigrations(postgres.url, settings) : [];
    if (applied.length > 0) log.info({ applied }, "database migrated");
    const sql = connect(postgres.url);
    if (migrate) await addBuiltInPlans(sql);
    return {
      services: makeServices(settings, sql, log, { holdsDatabase: postgres.embedded }),
      databaseUrl: postgres.url,
      adminUrl: postgres.adminUrl,
      queueSchema: settings.queueSchema,
      embedded: postgres.embedded,
      async close() {
        // Nothing is under way any more; it waits all this time for a connection that Postgres' death has cut.
        await sql.end({ timeout: 1 });
        await postgres.close();
      },
    };
  } catch (error) {
    await postgres.close();
    throw error;
  }
}

export function makeServices(
  settings: Settings,
  sql: Services["sql"],
  log: Logger,
  { holdsDatabase = false } = {},
): Services {
  const local = localEnvironments({ home: settings.home, variables: process.env });
  const { provisionMs, setupMs, agentMs, previewMs, mergeMs, pushMs, idleMs, ageMs, onUsageLimit } = settings;
  return {
    sql,
    log,
    limits: { provisionMs, setupMs, agentMs, previewMs, mergeMs, pushMs, idleMs, ageMs, graceMs, remoteMs },
    onUsageLimit,
    provider(name) {
      if (name === local.name) return local;
      throw new NotFound(`there is no environment provider "${name}"; known: ${local.name}`);
    },
    agent: agentNamed,
    repository: (url, hosts = []) => openRepository({ home: settings.home, url, hosts }),
    credentials: credentialsIn(process.env),
    sshAgent: process.env.SSH_AUTH_SOCK ?? null,
    dataFolder: dataFolderAt(settings.home, { holdsDatabase }),
  };
}

/** Only what some agent names among its credentials is ever kept. */
function credentialsIn(variables: NodeJS.ProcessEnv): Record<string, string> {
  const names = agentNames.flatMap((name) => agentNamed(name).credentials);
  return Object.fromEntries(names.flatMap((name) => (variables[name] ? [[name, variables[name]]] : [])));
}
