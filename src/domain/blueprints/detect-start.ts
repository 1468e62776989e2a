import type { Command } from "./blueprint.ts";
import { portPlaceholder, splitWords } from "./command.ts";
import { fieldOf, textOf } from "./package-json.ts";
import { type PackageManager, runScript } from "./package-manager.ts";

/** What detection looks at. */
export interface RepositoryFiles {
  /** The names in the root, and `<folder>/index.html` for each of `staticFolders` that has one. */
  readonly names: readonly string[];
  /** package.json as parsed from JSON; anything else where there is none or it can't be read. */
  readonly packageJson: unknown;
  readonly procfile: string | null;
}

export interface DetectionTools {
  /** The command that serves a folder of the checkout, on the port that replaces `${PORT}` in it. */
  readonly staticServer: (folder: string) => Command;
}

/** Where a page that needs no building may lie, the likeliest first. */
export const staticFolders = [".", "public", "dist", "docs", "static", "site", "www", "build", "_site"] as const;

export interface Start {
  readonly command: Command;
  readonly port: number | null;
  readonly source: string;
}

/** How the app is started: its own scripts, a Procfile, or pages as they lie there. */
export function detectStart(files: RepositoryFiles, manager: PackageManager, tools: DetectionTools): Start | null {
  return (
    startOfScripts(files.packageJson, manager) ?? startOfProcfile(files.procfile) ?? startOfPages(files.names, tools)
  );
}

function startOfScripts(packageJson: unknown, manager: PackageManager): Start | null {
  for (const script of ["dev", "start"]) {
    const text = textOf(fieldOf(packageJson, "scripts"), script);
    if (text.trim() !== "") return startOfScript(manager, script, text);
  }
  return null;
}

function startOfScript(manager: PackageManager, script: string, text: string): Start {
  // A package manager appends arguments to the script's text, so they reach its last command.
  const lastCommand =
    text
      .split(/&&|\|\||[;|&]/)
      .at(-1)
      ?.trim() ?? "";
  const framework = frameworks.find(({ pattern }) => pattern.test(lastCommand));
  if (framework === undefined) return { command: runScript(manager, script), port: null, source: "package.json" };
  const source = `package.json (${framework.name})`;
  const port = /(?:--port|-p)[= ](\d{2,5})\b/.exec(lastCommand)?.[1];
  if (port !== undefined) return { command: runScript(manager, script), port: Number(port), source };
  return { command: runScript(manager, script, framework.flags), port: null, source };
}

/** These don't listen where PORT says, or not only: Vite goes on to the next port when one is taken. */
const frameworks: readonly { name: string; pattern: RegExp; flags: readonly string[] }[] = [
  framework("vite", "(?:dev|serve|preview)", ["--port", portPlaceholder, "--strictPort", "--host", "127.0.0.1"]),
  framework("next", "(?:dev|start)", ["--port", portPlaceholder, "--hostname", "127.0.0.1"]),
  framework("astro", "(?:dev|start|preview)", ["--port", portPlaceholder, "--host", "127.0.0.1"]),
  framework("nuxt", "(?:dev|start|preview)", ["--port", portPlaceholder, "--host", "127.0.0.1"]),
  framework("ng", "(?:serve|s)", ["--port", portPlaceholder, "--host", "127.0.0.1"]),
  framework("react-router", "dev", ["--port", portPlaceholder, "--host", "127.0.0.1"]),
];

/** Matches `vite`, `npx vite --open`, `NODE_ENV=x vite dev`, and not `vite build`. */
function framework(name: string, subcommand: string, flags: readonly string[]) {
  const before = String.raw`^(?:(?:cross-env|npx|bunx|[A-Z_a-z]\w*=\S*)\s+)*(?:\S*/)?`;
  return { name, pattern: new RegExp(`${before}${name}(?:\\s+${subcommand})?(?:\\s+-.*)?$`), flags };
}

/** The line is the repository's own, so one that needs a shell gets one; PORT is set for it. */
function startOfProcfile(procfile: string | null): Start | null {
  const line = /^web:[ \t]*(\S.*)$/m.exec(procfile ?? "")?.[1]?.trim();
  // The limit of `.fairlead.json`. Splitting megabytes into words would overflow the stack.
  if (line === undefined || line.length > 10_000) return null;
  return { command: splitWords(line) ?? ["sh", "-c", line], port: null, source: "Procfile" };
}

function startOfPages(names: readonly string[], tools: DetectionTools): Start | null {
  for (const folder of staticFolders) {
    const page = folder === "." ? "index.html" : `${folder}/index.html`;
    if (names.includes(page)) return { command: tools.staticServer(folder), port: null, source: page };
  }
  return null;
}
