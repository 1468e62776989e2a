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

interface Host {
  readonly name: string;
  /** Empty where it is the scheme's default, whether the address has it or not. */
  readonly port: string;
  /** With the port, also where that is the default. */
  readonly withPort: string;
}

const defaultPorts: Readonly<Record<string, string>> = { http: "80", https: "443", ssh: "22", git: "9418" };

/** The host of an address. Null: this machine. */
function hostOf(url: string): Host | null {
  if (isLocal(url)) return null;
  const [, scheme = "ssh", authority] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)/i.exec(url) ?? [];
  const place = (authority ?? url.split(/:(?!\/\/)/, 1)[0] ?? "").replace(/^.*@/, "");
  const [, name = place, port = ""] = /^(.*?)(?::(\d+))?$/.exec(place) ?? [];
  const usual = defaultPorts[scheme.toLowerCase()] ?? "";
  const host = name.toLowerCase();
  return { name: host, port: port === usual ? "" : port, withPort: `${host}:${port || usual}` };
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
  if (known.includes(host.name) || known.includes(host.withPort)) return { url, isForeign: true };
  throw new HostNotAllowed(what, redact(url), host.port === "" ? host.name : host.withPort);
}

/** Adds the login of the workspace's address where scheme and host are the same and the address has none itself. */
function withLogin(url: string, own: string): string {
  const { login } = addressOf(own);
  if (login === null || addressOf(url).login !== null || !url.startsWith(`${login.scope}/`)) return url;
  const [, userinfo = ""] = /^https?:\/\/([^/?#]*)@/i.exec(own) ?? [];
  return url.replace("://", () => `://${userinfo}@`);
}
