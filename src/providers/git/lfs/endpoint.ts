import { asArguments } from "../calls/fixed-settings.ts";
import { git } from "../calls/git.ts";
import type { Remote } from "../calls/remotes.ts";
import { type Reach, reachable } from "../hosts.ts";
import type { Mirror } from "../mirror/mirror.ts";

/** Where a repository's LFS objects are, and how git-lfs is told. */
export interface LfsEndpoint {
  readonly remote: Remote;
  /** Arguments that go before git's command. */
  readonly settings: readonly string[];
}

/**
 * The LFS server of a repository: the remote itself, unless `.lfsconfig` in the commit names another one. Throws
 * `HostNotAllowed` when the workspace does not allow that host.
 */
export async function lfsEndpoint(mirror: Mirror, commit: string, reach: Reach): Promise<LfsEndpoint> {
  const said = await lfsConfiguration(mirror, commit);
  const url = said.get("lfs.url") ?? said.get("remote.origin.lfsurl");
  const filters = ["lfs.fetchinclude", "lfs.fetchexclude"].flatMap((key): [string, string][] => {
    const value = said.get(key);
    return value === undefined ? [] : [[key, value]];
  });
  const remote = url === undefined ? mirror : reachable(url, reach, "Its LFS server, named in .lfsconfig,");
  const settings = {
    "remote.origin.url": mirror.address,
    ...(url === undefined ? {} : { "lfs.url": url, "lfs.pushurl": url }),
    ...Object.fromEntries(filters),
  };
  return { remote, settings: asArguments(settings) };
}

async function lfsConfiguration(mirror: Mirror, commit: string): Promise<Map<string, string>> {
  const args = ["config", "--no-includes", "--blob", `${commit}:.lfsconfig`, "-z", "--list"];
  const { code, stdout } = await git(args, { gitDir: mirror.path });
  if (code !== 0) return new Map(); // there is none
  return new Map(
    stdout.split("\0").flatMap((entry): [string, string][] => {
      const [key, value] = entry.split("\n", 2);
      return key === undefined || value === undefined ? [] : [[key, value]];
    }),
  );
}
