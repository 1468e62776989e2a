import { appendFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Adds settings to a repository's configuration file, as `git config --add` does, without a process for each. `section` is a
 * section with an optional subsection: `["submodule", "lib"]`.
 */
export async function addSettings(
  gitDir: string,
  [section, subsection]: readonly [section: string, subsection?: string],
  settings: Readonly<Record<string, string>>,
): Promise<void> {
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
