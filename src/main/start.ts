import { needOwnFolder } from "../actions/data-folder/standing.ts";
import { createFirstToken } from "../actions/manage-tokens.ts";
import type { Services } from "../actions/services.ts";
import { type Host, parseHost } from "../domain/served-as.ts";
import { makeApp } from "../http/app.ts";
import { listen } from "../http/listen.ts";
import { listEnvironments } from "../store/environments.ts";
import { writeSettings } from "../store/settings.ts";
import type { Settings } from "../wire/settings.ts";
import { comment } from "./commentary.ts";
import { makeLog } from "./log.ts";
import { assemble } from "./services.ts";
import { startWorker, type WorkerHandle } from "./worker.ts";

/** Server and worker in one process, until SIGINT or SIGTERM; a second signal ends it at once. */
export async function start(settings: Settings, onSetup: (home: string) => void): Promise<void> {
  const log = makeLog(settings.logLevel);
  const assembly = await assemble({ settings, log, migrate: true, onSetup });
  const { services } = assembly;
  try {
    // First, so that nothing is written. And the port may be taken by the folder that works, which would hide the reason.
    await needOwnFolder(services);
    await writeSettings(services.sql, settings);
    let worker: WorkerHandle | null = null;
    const app = makeApp(services, { log, ready: async () => worker?.alive() ?? false, hosts: hostsOf(settings) });
    // First of all: where the port is taken, another server is at work here, and this one must not begin.
    const server = await listen(app, settings);
    try {
      worker = await startWorker({
        services,
        databaseUrl: assembly.databaseUrl,
        concurrency: settings.concurrency,
      });
      const first = await createFirstToken(services);
      printReady(server.url, assembly.embedded, settings.home, first?.token ?? null);
      const stopping = new AbortController();
      const commentary = comment(services, stopping.signal);
      const signal = await stopSignal();
      log.info({ signal }, "stopping");
      stopping.abort();
      await commentary;
    } finally {
      await server.close();
      await worker?.stop();
    }
    await finishStopping(services);
  } finally {
    await assembly.close();
  }
}

/** The names that requests may ask for: the host that it listens on, and those in FAIRLEAD_ALLOWED_HOSTS. */
function hostsOf({ host, port, allowedHosts }: Settings): Host[] {
  const named = parseHost(host.includes(":") ? `[${host}]` : host);
  return named === null ? [...allowedHosts] : [{ ...named, port }, ...allowedHosts];
}

/** Agents and previews outlive this process, and the user should know. */
async function finishStopping({ sql }: Services): Promise<void> {
  const kept = await listEnvironments(sql, null, 1000);
  if (kept.length === 0) return;
  const many = kept.length === 1 ? "1 environment is" : `${kept.length} environments are`;
  process.stdout.write(
    `${many} kept for the next start, with the agents and previews in them: npx fairlead env ls, or cancel their changes\n`,
  );
}

function printReady(url: string, embedded: boolean, home: string, token: string | null): void {
  const lines = [
    `Fairlead is at ${url}`,
    embedded
      ? `  data      ${home} (Postgres included)`
      : "  data      in your Postgres, in the schema fairlead and the schema of the queue",
    `  try       npx fairlead request "Add a loading spinner" --repo <folder of a git checkout>`,
    `  stop      Ctrl-C; what is under way goes on at the next start`,
  ];
  if (token !== null) {
    lines.push(
      `  API token ${token}`,
      "            for an admin, shown this once; more with `npx fairlead token create`",
    );
  }
  process.stdout.write(`${lines.join("\n")}\n`);
}

/** Resolves at the first signal; from then on another one ends the process without waiting. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => {
        for (const again of ["SIGINT", "SIGTERM"] as const) process.on(again, () => process.exit(130));
        resolve(signal);
      });
    }
  });
}
