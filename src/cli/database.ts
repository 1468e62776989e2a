import type { Command } from "commander";
import { type Cli, withAssembly } from "./cli.ts";
import { makeScreen } from "./screen.ts";
import { anyWorkerAlive } from "./workers-alive.ts";

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
    .action((options: { json?: boolean }) => url(cli, options));
}

async function migrate(cli: Cli, options: { json?: boolean }): Promise<void> {
  const screen = makeScreen(options);
  const applied = await cli.migrate();
  if (screen.json) return screen.printJson({ applied });
  screen.print(applied.length === 0 ? "The database is up to date." : applied.map((name) => `✓ ${name}`).join("\n"));
}

async function url(cli: Cli, options: { json?: boolean }): Promise<void> {
  const screen = makeScreen(options);
  await withAssembly(cli.open, async ({ services, databaseUrl, embedded }) => {
    if (screen.json) return screen.printJson({ url: databaseUrl, embedded });
    screen.print(databaseUrl);
    if (embedded && !(await anyWorkerAlive(services))) {
      screen.remark("This Postgres runs only while Fairlead does: keep `npx fairlead start` running to use it.");
    }
  });
}
