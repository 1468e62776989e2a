import type { Blueprint, BlueprintSettings } from "../../domain/blueprints/blueprint.ts";
import { detectBlueprint, resolveBlueprint } from "../../domain/blueprints/detect-blueprint.ts";
import { staticFolders } from "../../domain/blueprints/detect-start.ts";
import { parseJson } from "../../domain/json/parse-json.ts";
import { parseBlueprintFile } from "../../wire/blueprint.ts";
import type { Files } from "../git/port.ts";
import { staticServer } from "./static-server.ts";

/** The file in which a repository says how its app runs. */
export const blueprintFile = ".fairlead.json";

/** How the app in these files is set up, started and checked. Throws `BlueprintInvalid` for a bad `.fairlead.json`. */
export async function readBlueprint(files: Files, workspace: BlueprintSettings): Promise<Blueprint> {
  const found = await files.readFiles([blueprintFile, "package.json", "Procfile"]);
  const file = found[blueprintFile];
  const names = await files.list(".");
  for (const folder of staticFolders) {
    if (!names.includes(`${folder}/`)) continue;
    if ((await files.list(folder)).includes("index.html")) names.push(`${folder}/index.html`);
  }
  const detected = detectBlueprint(
    {
      names,
      packageJson: jsonOrNull(found["package.json"]),
      procfile: found.Procfile,
    },
    { staticServer },
  );
  return resolveBlueprint({ file: file === null ? null : parseBlueprintFile(file), workspace, detected });
}

/** A package.json that can't be read is the repository's affair: nothing is detected from it. */
function jsonOrNull(text: string | null): unknown {
  const parsed = parseJson(text ?? "null");
  return "value" in parsed ? parsed.value : null;
}
