import { execa } from "execa";
import { asArguments } from "./fixed-settings.ts";

/** A repository that git talks to over a transport. */
export interface Remote {
  /** As the workspace has it, which may be with credentials. */
  readonly url: string;
  /** True for a host that is not the workspace's own: it gets no credential that is not named for that host. */
  readonly isForeign?: boolean;
}

/** `ext` and other transport helpers, which run whatever an address says, are never among them. */
const transports: readonly (readonly [form: RegExp, protocols: string])[] = [
  [/^https:\/\//i, "https"],
  [/^http:\/\//i, "http:https"],
  [/^git:\/\//i, "git"],
  [/^(file:\/\/|\/)/i, "file"],
];

/** A user's own configuration may rewrite the address that an admin gave into any of these; no other address. */
const everyTransport = "https:http:ssh:git:file";

function protocolsFor({ url, isForeign = false }: Remote): string {
  return isForeign ? (transports.find(([form]) => form.test(url))?.[1] ?? "ssh") : everyTransport;
}

export function remoteSettings({ isForeign = false }: Remote): string[] {
  if (!isForeign) return [];
  return asArguments({ "core.askPass": "", "http.extraHeader": "", "http.cookieFile": "", "http.emptyAuth": "false" });
}

/** Variables for a git that talks to a remote; a way to call ssh that the user set stays as it is. */
export async function remoteVariables(remote: Remote): Promise<Record<string, string>> {
  return {
    GIT_ALLOW_PROTOCOL: protocolsFor(remote),
    ...((await hasSshCommand(process.env)) ? {} : { GIT_SSH_COMMAND: "ssh -o BatchMode=yes -o ConnectTimeout=15" }),
    // Such a program answers for every host alike.
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
