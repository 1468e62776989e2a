import { HostNotAllowed } from "../../domain/faults/git.ts";
import { redact } from "../../domain/texts/redact.ts";
import { addressOf } from "./calls/credentials.ts";
import type { Remote } from "./calls/remotes.ts";
import { isLocal } from "./url.ts";

/** Which remotes git may reach for a workspace. */
export interface Reach {
  /** The workspace's repository. */
  readonly url: string;
  /** Hosts besides its own, as `host` or `host:port`. */
  readonly hosts: readonly string[];
}

/** The host of an address: its name, and its port where the address has one. Null: this machine. */
function hostOf(url: string): { name: string; port: string } | null {
  if (isLocal(url)) return null;
  const [, authority] = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(url) ?? [];
  const place = (authority ?? url.split(/:(?!\/\/)/, 1)[0] ?? "").replace(/^.*@/, "");
  const [, name = place, port = ""] = /^(.*?)(?::(\d+))?$/.exec(place) ?? [];
  return { name: name.toLowerCase(), port };
}

/**
 * How git may reach an address that a repository itself names, for a submodule or for LFS: with the workspace's own login on
 * the workspace's own host, and without it on another host that the workspace allows. `what` begins a sentence: "Its submodule
 * lib". Throws `HostNotAllowed`.
 */
export function reachable(url: string, { url: own, hosts }: Reach, what: string): Remote {
  const [host, ownHost] = [hostOf(url), hostOf(own)];
  if (host === null || ownHost === null) {
    // Only a workspace whose own repository is on this machine may use repositories on this machine.
    if (host === null && ownHost === null) return { url };
    if (host === null) throw new HostNotAllowed(what, redact(url), null);
  } else if (host.name === ownHost.name && host.port === ownHost.port) {
    return { url: withLogin(url, own) };
  }
  const known = hosts.map((text) => text.toLowerCase());
  if (known.includes(host.name) || known.includes(`${host.name}:${host.port}`)) return { url, isForeign: true };
  throw new HostNotAllowed(what, redact(url), host.port === "" ? host.name : `${host.name}:${host.port}`);
}

/** Adds the login of the workspace's address where scheme and host are the same and the address has none itself. */
function withLogin(url: string, own: string): string {
  const { login } = addressOf(own);
  if (login === null || addressOf(url).login !== null || !url.startsWith(`${login.scope}/`)) return url;
  const [, userinfo = ""] = /^https?:\/\/([^/?#]*)@/i.exec(own) ?? [];
  return url.replace("://", () => `://${userinfo}@`);
}
