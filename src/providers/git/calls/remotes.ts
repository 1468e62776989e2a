import { execa } from "execa";
import { asArguments } from "./fixed-settings.ts";

/** A repository that git talks to over a transport. */
export interface Remote {
  /** As in the workspace, so it may contain credentials. */
  readonly url: string;
  /** True for a host that is not the workspace's own: it gets only credentials that are configured for that host. */
  readonly isForeign?: boolean;
}

/** Without `ext` and other transport helpers, which run a command that the address names. */
const transports: readonly (readonly [form: RegExp, protocols: string])[] = [
  [/^https:\/\//i, "https"],
  [/^http:\/\//i, "http:https"],
  [/^git:\/\//i, "git"],
  [/^(file:\/\/|\/)/i, "file"],
];

/** Allowed for the workspace's own host, because the user's configuration (`insteadOf`) may rewrite the address. */
const everyTransport = "https:http:ssh:git:file";

function protocolsFor({ url, isForeign = false }: Remote): string {
  return isForeign ? (transports.find(([form]) => form.test(url))?.[1] ?? "ssh") : everyTransport;
}

export function remoteSettings({ isForeign = false }: Remote): string[] {
  if (!isForeign) return [];
  return asArguments({ "core.askPass": "", "http.extraHeader": "", "http.cookieFile": "", "http.emptyAuth": "false" });
}

/** Variables for a git that talks to a remote. An ssh command that the user has configured is kept. */
export async function remoteVariables(remote: Remote): Promise<Record<string, string>> {
  return {
    GIT_ALLOW_PROTOCOL: protocolsFor(remote),
    ...((await hasSshCommand(process.env)) ? {} : { GIT_SSH_COMMAND: "ssh -o BatchMode=yes -o ConnectTimeout=15" }),
    // An askpass program would give the same password to every host.
    ...(remote.isForeign === true ? { GIT_ASKPASS: "", SSH_ASKPASS: "" } : {}),
  };
}

let configured: Promise<boolean> | undefined;

async function hasSshCommand(from: NodeJS.ProcessEnv): Promise<boolean> {
  if (from.GIT_SSH_COMMAND !== undefined || from.GIT_SSH !== undefined) return true;
  const options = { cwd: "/", reject: false, timeout: 10_000, stdin: "ignore" } as const;
  configured ??= execa("git", ["config", "--get", "core.sshCommand"], options).then(({ stdout }) => stdout !== "");
  return await configured;
}
