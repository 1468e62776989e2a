import { fileURLToPath } from "node:url";
import type { Command } from "../../domain/blueprints/blueprint.ts";
import { portPlaceholder } from "../../domain/blueprints/command.ts";

/** The command that serves a folder of the checkout, by this node and from our own files: the app may have neither. */
export function staticServer(folder: string): Command {
  const program = fileURLToPath(new URL("./serve-folder.ts", import.meta.url));
  return [process.execPath, program, folder, portPlaceholder];
}
