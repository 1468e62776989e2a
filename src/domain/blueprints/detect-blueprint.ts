import type { Blueprint, BlueprintSettings } from "./blueprint.ts";
import { type DetectionTools, detectStart, type RepositoryFiles } from "./detect-start.ts";
import { fieldOf, textOf } from "./package-json.ts";
import { detectPackageManager, type PackageManager, runScript } from "./package-manager.ts";

/** How a repository is set up, started and checked, by what lies in it. Arguments may hold `${PORT}`. */
export function detectBlueprint(files: RepositoryFiles, tools: DetectionTools): Blueprint {
  const manager = detectPackageManager(files.names, textOf(files.packageJson, "packageManager"));
  const hasPackage = typeof files.packageJson === "object" && files.packageJson !== null;
  const setup = hasPackage && isInstallable(files.packageJson, manager) ? manager.install : null;
  const start = detectStart(files, manager, tools);
  const check = hasTests(files.packageJson) ? runScript(manager, "test") : null;
  const sources = [
    setup === null ? [] : [manager.lockfile ?? "package.json"],
    start === null ? [] : [start.source],
    check === null ? [] : ["package.json"],
  ];
  return {
    setup,
    start: start?.command ?? null,
    check,
    port: start?.port ?? null,
    source: [...new Set(sources.flat())].join(", ") || "nothing was found",
  };
}

export interface BlueprintSources {
  /** Of `.fairlead.json` in the repository. */
  readonly file: BlueprintSettings | null;
  readonly workspace: BlueprintSettings | null;
  readonly detected: Blueprint;
}

/** Field by field: the repository's own file before the workspace's settings before what was detected. */
export function resolveBlueprint({ file, workspace, detected }: BlueprintSources): Blueprint {
  const start = pick("start", file, workspace);
  return {
    setup: pick("setup", file, workspace, detected) ?? null,
    start: pick("start", file, workspace, detected) ?? null,
    check: pick("check", file, workspace, detected) ?? null,
    // A port that was found in a start command goes with that command and no other.
    port: pick("port", file, workspace, start === undefined ? detected : null) ?? null,
    source: sourceOf({ file, workspace, detected }),
  };
}

const fields = ["setup", "start", "check", "port"] as const;
type Field = (typeof fields)[number];

function pick<Key extends Field>(field: Key, ...sources: readonly (BlueprintSettings | null)[]) {
  return sources.find((source) => source?.[field] !== undefined)?.[field];
}

/** `.fairlead.json (start), package-lock.json`: who decided what, where it was not all detected. */
function sourceOf({ file, workspace, detected }: BlueprintSources): string {
  const written = (settings: BlueprintSettings | null, but: BlueprintSettings | null = null) =>
    fields.filter((field) => settings?.[field] !== undefined && but?.[field] === undefined);
  const named = [
    { name: ".fairlead.json", decides: written(file) },
    { name: "workspace", decides: written(workspace, file) },
  ].filter(({ decides }) => decides.length > 0);
  const settled = new Set(named.flatMap(({ decides }) => decides));
  const rest = fields.some((field) => field !== "port" && !settled.has(field) && detected[field] !== null);
  if (named.length === 0) return detected.source;
  const parts = named.map(({ name, decides }) => `${name} (${decides.join(", ")})`);
  return [...parts, ...(rest ? [detected.source] : [])].join(", ");
}

function isInstallable(packageJson: unknown, manager: PackageManager): boolean {
  const kinds = ["dependencies", "devDependencies", "optionalDependencies"];
  const hasDependencies = kinds.some((kind) => Object.keys(fieldOf(packageJson, kind) ?? {}).length > 0);
  return manager.lockfile !== null || hasDependencies || fieldOf(packageJson, "workspaces") !== undefined;
}

function hasTests(packageJson: unknown): boolean {
  const script = textOf(fieldOf(packageJson, "scripts"), "test");
  return script.trim() !== "" && !script.includes("no test specified");
}
