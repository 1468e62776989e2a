import { writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { redact } from "../../../domain/redact.ts";
import { gitOutput } from "../calls/git.ts";
import type { Mirror } from "../mirror/mirror.ts";

/** Lets a repository use the objects of a mirror; by a relative path, so that the data folder can be moved. */
export async function borrowObjects(gitDir: string, mirror: Mirror): Promise<void> {
  const objects = join(gitDir, "objects");
  await writeFile(join(objects, "info/alternates"), `${relative(objects, join(mirror.path, "objects"))}\n`);
}

/** What an agent's own git finds: where to fetch from. It has no way to push, for a change's branch is pushed by us. */
export async function nameRemote(gitDir: string, mirror: Mirror): Promise<void> {
  const settings = [
    ["remote.origin.url", redact(mirror.url)],
    ["remote.origin.pushurl", "(Fairlead pushes this branch itself; there is no need to push)"],
    ["remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"],
  ] as const;
  for (const [key, value] of settings) await gitOutput(["config", "--local", key, value], { gitDir });
}
