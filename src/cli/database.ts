import type { Command } from "commander";
import { NoAdminUrl } from "../domain/faults/postgres.ts";
import { type Cli, withAssembly } from "./cli.ts";
import { anyWorkerAlive } from "./doctor/workers-alive.ts";
import { makeScreen } from "./screen/screen.ts";

export function addDatabase(program: Command, cli: Cli): void {
  program
    .command("migrate")
    .description("Bring the database up to date. `start` does it by itself.")
    .action((options: { json?: boolean }) => migrate(cli, options));
  program
    .command("db")
    .description("The database.")
    .command("url")
    .description('Print where it is, with its password: psql "$(npx fairlead db url)"')
    .option("--admin", "as the superuser of Fairlead's own Postgres, who may create roles")
    .action((options: UrlOptions) => url(cli, options));
}

async function migrate(cli: Cli, options: { json?: boolean }): Promise<void> {
  const screen = makeScreen(options);
  const applied = await cli.migrate();
  if (screen.json) return screen.printJson({ applied });
  screen.print(applied.length === 0 ? "The database is up to date." : applied.map((name) => `✓ ${name}`).join("\n"));
}

interface UrlOptions {
  readonly json?: boolean;
  readonly admin?: boolean;
}

async function url(cli: Cli, options: UrlOptions): Promise<void> {
  const screen = makeScreen(options);
  await withAssembly(cli.open, async ({ services, databaseUrl, adminUrl, embedded }) => {
    const shown = options.admin === true ? adminUrl : databaseUrl;
    if (shown === null) throw new NoAdminUrl();
    if (screen.json) return screen.printJson({ url: shown, embedded });
    screen.print(shown);
    if (embedded && !(await anyWorkerAlive(services))) {
      screen.remark("This Postgres runs only while Fairlead does: keep `npx fairlead start` running to use it.");
    }
  });
}
