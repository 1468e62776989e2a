import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { GitFailed } from "../../../domain/faults/git.ts";

/**
 * Appends settings to the configuration file of a repository that no other process uses yet, without a process for each. They
 * follow a section with an optional subsection, such as `["submodule", "lib"]`. Keys are not checked.
 */
export async function addSettings(
  gitDir: string,
  [section, subsection]: readonly [section: string, subsection?: string],
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  if (/[\n\0]/.test(subsection ?? "")) throw new GitFailed("config", "a subsection can't contain a line break");
  const header =
    subsection === undefined ? `[${section}]` : `[${section} "${subsection.replaceAll(/["\\]/g, "\\$&")}"]`;
  const lines = Object.entries(settings).map(([key, value]) => `\t${key} = "${escaped(value)}"\n`);
  await appendFile(join(gitDir, "config"), `${header}\n${lines.join("")}`);
}

/** The escapes that git-config(1) knows for a value in quotes. */
const escapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\t": "\\t",
  "\b": "\\b",
};

function escaped(value: string): string {
  return value.replaceAll(/["\\\n\t\b]/g, (character) => escapes[character] ?? character);
}
