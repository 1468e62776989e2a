import type { Command } from "commander";
import { folderStanding } from "../../actions/data-folder/standing.ts";
import { takeOver } from "../../actions/data-folder/take-over.ts";
import { listFolders } from "../../store/data-folders.ts";
import { type Cli, withAssembly } from "../cli.ts";
import { plainLine } from "../screen/plain.ts";
import { makeScreen } from "../screen/screen.ts";
import { table } from "../screen/table.ts";
import { age } from "../screen/wording.ts";

const most = 100;

export function addDataFolder(program: Command, cli: Cli): void {
  const folder = program
    .command("data-folder")
    .description("The data folders of this database: one of them does the work.");
  folder
    .command("ls")
    .description("List the data folders that have worked, or were to work, on this database.")
    .action((options: { json?: boolean }) => ls(cli, options));
  folder
    .command("take-over")
    .description(
      "Make this data folder the one that works. For when the other is gone for good: what is worked on there and was " +
        "not pushed is given up, and its changes begin again from their branches.",
    )
    .option("--yes", "also when the other was there a moment ago")
    .action((options: { yes?: boolean; json?: boolean }) => take(cli, options));
}

async function ls(cli: Cli, options: { json?: boolean }): Promise<void> {
  const screen = makeScreen(options);
  await withAssembly(cli.open, async ({ services }) => {
    const folders = await listFolders(services.sql, most);
    const standing = await folderStanding(services);
    const own = standing.state === "refused" ? await services.dataFolder.id() : standing.id;
    if (screen.json) {
      return screen.printJson({
        data_folders: folders.map(({ id, host, path, userName, lastSeenAt, atWork }) => ({
          ...{ id, host, path, user: userName, last_seen_at: lastSeenAt.toISOString() },
          ...{ works: atWork, this_one: id === own },
        })),
      });
    }
    if (folders.length === 0) return screen.remark("None has worked on this database yet: the first that starts does.");
    const rows = folders.map(({ id, host, path, userName, lastSeenAt, atWork }) => [
      id,
      plainLine(host, 40),
      plainLine(path, 200),
      plainLine(userName, 40),
      `${age(lastSeenAt)} ago`,
      [atWork ? "works" : "", id === own ? "this one" : ""].filter((word) => word !== "").join(", "),
    ]);
    screen.print(table(screen, ["ID", "HOST", "PATH", "USER", "SEEN", ""], rows));
  });
}

async function take(cli: Cli, options: { yes?: boolean; json?: boolean }): Promise<void> {
  const screen = makeScreen(options);
  await withAssembly(cli.open, async ({ services }) => {
    const { folder, changes, runs } = await takeOver(services, options.yes === true);
    if (screen.json) return screen.printJson({ id: folder.id, path: folder.path, changes, runs });
    screen.print(`${plainLine(folder.path)} works on this database now`);
    if (changes > 0) screen.print(`  ${changes} changes begin again from their branches`);
    if (runs > 0) screen.print(`  ${runs} runs have failed: see \`fairlead run ls\``);
  });
}
