import type { Command } from "./blueprint.ts";

export interface PackageManager {
  readonly name: "npm" | "pnpm" | "yarn" | "bun";
  /** The lockfile that gave it away; null when there is none. */
  readonly lockfile: string | null;
  /** Installs what the lockfile says; without one, writes none, for the agent's commit must not have it. */
  readonly install: Command;
}

/** By lockfile; where there are several or none, by the `packageManager` field of package.json, then npm. */
export function detectPackageManager(names: readonly string[], declared: string): PackageManager {
  const locked = lockfiles.filter(([lockfile]) => names.includes(lockfile));
  const [wanted = ""] = declared.split("@");
  const [lockfile, name] = locked.find(([, manager]) => manager === wanted) ?? locked[0] ?? [null, known(wanted)];
  if (lockfile === null) return { name, lockfile, install: [name, "install", ...withoutLockfile[name]] };
  // Yarn 2 and later has another flag for the same thing and its own settings file.
  const isModernYarn = name === "yarn" && (names.includes(".yarnrc.yml") || /^yarn@[2-9]/.test(declared));
  return { name, lockfile, install: isModernYarn ? ["yarn", "install", "--immutable"] : withLockfile[name] };
}

/** A script of package.json with arguments for it; only npm wants a `--` before those. */
export function runScript(manager: PackageManager, script: string, args: readonly string[] = []): Command {
  const separator = manager.name === "npm" && args.length > 0 ? ["--"] : [];
  return [manager.name, "run", script, ...separator, ...args];
}

type Name = PackageManager["name"];

const lockfiles: readonly (readonly [lockfile: string, name: Name])[] = [
  ["package-lock.json", "npm"],
  ["npm-shrinkwrap.json", "npm"],
  ["pnpm-lock.yaml", "pnpm"],
  ["yarn.lock", "yarn"],
  ["bun.lock", "bun"],
  ["bun.lockb", "bun"],
];

const withLockfile: Readonly<Record<Name, Command>> = {
  npm: ["npm", "ci"],
  pnpm: ["pnpm", "install", "--frozen-lockfile"],
  yarn: ["yarn", "install", "--frozen-lockfile"],
  bun: ["bun", "install", "--frozen-lockfile"],
};

const withoutLockfile: Readonly<Record<Name, readonly string[]>> = {
  npm: ["--no-package-lock"],
  pnpm: ["--no-lockfile"],
  yarn: ["--no-lockfile"],
  bun: ["--no-save"],
};

function known(name: string): Name {
  return name === "pnpm" || name === "yarn" || name === "bun" ? name : "npm";
}
