import { redact } from "../../../domain/texts/redact.ts";
import type { Mirror } from "../mirror/mirror.ts";
import { addSettings } from "./add-settings.ts";

/** Configures `origin` for an agent's own git: it can fetch, but not push, because we push the change's branch. */
export async function nameRemote(gitDir: string, mirror: Mirror): Promise<void> {
  await addSettings(gitDir, ["remote", "origin"], {
    url: redact(mirror.url),
    pushurl: "(Fairlead pushes this branch itself; there is no need to push)",
    fetch: "+refs/heads/*:refs/remotes/origin/*",
  });
}
