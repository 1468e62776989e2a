import { git } from "../calls/git.ts";
import type { Mirror } from "../mirror/mirror.ts";
import { treeFacts } from "../mirror/objects.ts";
import { isLocal } from "../url.ts";

/** A submodule of a commit: a repository at a path, at the commit that the outer commit names. */
export interface Submodule {
  readonly name: string;
  readonly path: string;
  readonly commit: string;
  /** Absolute, with relative addresses of `.gitmodules` resolved. */
  readonly url: string;
}

/**
 * The submodules of a commit. Those that `.gitmodules` says nothing of, or tells git to leave alone, are left out, as git
 * can't populate them either.
 */
export async function submodulesOf(mirror: Pick<Mirror, "path" | "url">, commit: string): Promise<Submodule[]> {
  const { submodules: links } = await treeFacts(mirror, commit);
  if (links.length === 0) return [];
  const declared = await readGitmodules(mirror, commit);
  return links.flatMap(({ path, object }) => {
    const found = declared.find((module) => module.path === path);
    if (found?.url === undefined || found.update === "none") return [];
    return [{ name: found.name, path, commit: object, url: resolveUrl(found.url, mirror.url) }];
  });
}

/** What `.gitmodules` says of a submodule. */
export interface Declared {
  readonly name: string;
  readonly path: string;
  readonly url: string | undefined;
  readonly update: string | undefined;
}

async function readGitmodules(mirror: Pick<Mirror, "path">, commit: string): Promise<Declared[]> {
  const args = ["config", "--no-includes", "--blob", `${commit}:.gitmodules`, "-z", "--list"];
  // Where there is none, or it can't be read, nothing is printed.
  const { stdout } = await git(args, { gitDir: mirror.path });
  return parseGitmodules(stdout);
}

/** Reads what `git config -z --list` prints of a `.gitmodules`. */
export function parseGitmodules(listed: string): Declared[] {
  const modules = new Map<string, Map<string, string>>();
  for (const entry of listed.split("\0")) {
    const [, name, key, value] = /^submodule\.([^\n]+)\.(path|url|update)\n(.*)$/s.exec(entry) ?? [];
    if (name === undefined || key === undefined || value === undefined) continue;
    const settings = modules.get(name) ?? new Map<string, string>();
    modules.set(name, settings.set(key, value));
  }
  return [...modules].flatMap(([name, settings]) => {
    const path = settings.get("path");
    // Names and paths become folders of the checkout.
    if (path === undefined || !isPlain(name) || !isPlain(path)) return [];
    return [{ name, path, url: settings.get("url"), update: settings.get("update") }];
  });
}

function isPlain(path: string): boolean {
  const parts = path.split("/");
  return (
    !path.startsWith("-") &&
    !/[\\\p{Cc}]/u.test(path) &&
    !parts.some((part) => ["", ".", "..", ".git"].includes(part.toLowerCase()))
  );
}

/** As git does it: `./` and `../` are relative to the address of the repository that has the submodule. */
export function resolveUrl(url: string, base: string): string {
  if (!/^\.\.?\//.test(url)) return url;
  let from = base.replace(/\/+$/, "");
  let rest = url;
  let separator = "/";
  for (;;) {
    if (rest.startsWith("./")) rest = rest.slice(2);
    else if (rest.startsWith("../")) {
      rest = rest.slice(3);
      const slash = from.lastIndexOf("/");
      const colon = isLocal(from) ? -1 : from.lastIndexOf(":");
      // The last part of host:path is cut off at the colon.
      separator = slash > colon ? "/" : ":";
      from = from.slice(0, Math.max(slash, colon, 0));
    } else break;
  }
  return `${from}${separator}${rest}`.replace(/\/+$/, "");
}
