import { redact } from "../../../domain/texts/redact.ts";
import { gitOutput } from "../calls/git.ts";
import type { Mirror } from "../mirror/mirror.ts";

/** Configures `origin` for an agent's own git: it can fetch, but not push, because we push the change's branch. */
export async function nameRemote(gitDir: string, mirror: Mirror): Promise<void> {
  const settings = [
    ["remote.origin.url", redact(mirror.url)],
    ["remote.origin.pushurl", "(Fairlead pushes this branch itself; there is no need to push)"],
    ["remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"],
  ] as const;
  for (const [key, value] of settings) await gitOutput(["config", "--local", key, value], { gitDir });
}
