import { mkdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { redact } from "../../../domain/texts/redact.ts";
import { gitOutput, transferTimeoutMs } from "../calls/git.ts";
import { installLfsFilter, lfsFilter } from "../calls/lfs-filter.ts";
import { addSettings } from "../checkout/add-settings.ts";
import { writeAlternates } from "../checkout/alternates.ts";
import { nameRemote } from "../checkout/name-remote.ts";
import { fetchLfs } from "../lfs/transfer.ts";
import { objectFormat } from "../mirror/commits.ts";
import type { Mirror } from "../mirror/mirror.ts";
import type { SubmoduleContext } from "./context.ts";
import { type Submodule, submodulesOf } from "./gitmodules.ts";
import { mirrorWith } from "./mirror-with.ts";

/** A repository in a checkout: the top one, or a submodule. */
export interface Worktree {
  readonly mirror: Mirror;
  readonly gitDir: string;
  readonly directory: string;
  readonly commit: string;
}

const deepest = 10;

/**
 * Fills the folders of a checkout's submodules, and of theirs, as a recursive clone does. Throws `HostNotAllowed`,
 * `SubmoduleMissing`, `RepositoryUnreachable`.
 */
export async function populateSubmodules(
  context: SubmoduleContext,
  worktree: Worktree,
  signal?: AbortSignal,
  depth = 0,
): Promise<void> {
  if (depth === deepest) return;
  for (const submodule of await submodulesOf(worktree.mirror, worktree.commit)) {
    const mirror = await mirrorWith(context, submodule, signal);
    const inner = await checkOut(worktree, { submodule, mirror, context }, signal);
    await populateSubmodules(context, inner, signal, depth + 1);
  }
}

/** As `git submodule update` lays it out: the repository in `.git/modules`, and in its folder a file that leads there. */
async function checkOut(
  { gitDir: outer, directory: top }: Worktree,
  { submodule, mirror, context }: { submodule: Submodule; mirror: Mirror; context: SubmoduleContext },
  signal?: AbortSignal,
): Promise<Worktree> {
  const { name, path, commit, url } = submodule;
  const gitDir = join(outer, "modules", name);
  const directory = join(top, path);
  await mkdir(directory, { recursive: true });
  await gitOutput([
    "init",
    "--quiet",
    "--bare",
    "--template=",
    `--object-format=${objectFormat(commit)}`,
    "--",
    gitDir,
  ]);
  // The last value of a setting counts.
  await addSettings(gitDir, ["core"], { bare: "false", worktree: relative(gitDir, directory) });
  await writeFile(join(directory, ".git"), `gitdir: ${relative(directory, gitDir)}\n`);
  await mkdir(join(gitDir, "info"), { recursive: true });
  await writeFile(join(gitDir, "info/exclude"), "");
  await writeAlternates(gitDir, mirror.path);
  await nameRemote(gitDir, mirror);
  await installLfsFilter(gitDir);
  await fetchLfs(mirror, { commit, gitDir }, context.reach, signal);
  const settings = [...(await lfsFilter(join(gitDir, "lfs"))), `--work-tree=${directory}`];
  const args = ["checkout", "--quiet", "--force", "--detach", commit, "--"];
  await gitOutput(args, { gitDir, settings, cwd: directory, timeoutMs: transferTimeoutMs, signal });
  // What `git submodule` in the checkout goes by.
  await addSettings(outer, ["submodule", name], { active: "true", url: redact(url) });
  return { mirror, gitDir, directory, commit };
}
