import { createFirstToken } from "../actions/manage-tokens.ts";
import { makeApp } from "../http/app.ts";
import { listen } from "../http/listen.ts";
import { writeSettings } from "../store/settings.ts";
import type { Settings } from "../wire/settings.ts";
import { makeLog } from "./log.ts";
import { assemble } from "./services.ts";
import { startWorker } from "./worker.ts";

/** Server and worker in one process, until SIGINT or SIGTERM; a second signal ends it at once. */
export async function start(settings: Settings, onSetup: (home: string) => void): Promise<void> {
  const log = makeLog(settings.logLevel);
  const assembly = await assemble({ settings, log, migrate: true, onSetup });
  const { services } = assembly;
  try {
    await writeSettings(services.sql, settings);
    const worker = await startWorker({
      services,
      databaseUrl: assembly.databaseUrl,
      concurrency: settings.concurrency,
    });
    try {
      const app = makeApp(services, { log, ready: async () => worker.alive() });
      const server = await listen(app, settings);
      const first = await createFirstToken(services);
      greet(server.url, assembly.embedded, settings.home, first?.token ?? null);
      const signal = await stopSignal();
      log.info({ signal }, "stopping");
      await server.close();
    } finally {
      await worker.stop();
    }
  } finally {
    await assembly.close();
  }
}

function greet(url: string, embedded: boolean, home: string, token: string | null): void {
  const lines = [
    `Fairlead is at ${url}`,
    embedded
      ? `  data      ${home} (Postgres included)`
      : "  data      in your Postgres, schemas fairlead and graphile_worker",
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
