import { git, gitOutput } from "../calls/git.ts";
import type { Mirror } from "./mirror.ts";
import { unpushedRef } from "./unpushed.ts";

// The commits that we have pushed to a branch, which a later push may overwrite: a ref for each of them.

const pushedRef = (branch: string, commit: string) => `refs/fairlead/pushed/${branch}/${commit}`;

export async function notePushed(mirror: Mirror, branch: string, commit: string): Promise<void> {
  await gitOutput(["update-ref", pushedRef(branch, commit), commit], { gitDir: mirror.path });
}

export async function wasPushed(mirror: Mirror, branch: string, commit: string): Promise<boolean> {
  const args = ["rev-parse", "--verify", "--quiet", pushedRef(branch, commit)];
  return (await git(args, { gitDir: mirror.path })).code === 0;
}

/** For a branch that was deleted. */
export async function forgetBranch(mirror: Mirror, branch: string): Promise<void> {
  const options = { gitDir: mirror.path };
  const of = [`refs/fairlead/pushed/${branch}/`, unpushedRef(branch)];
  const refs = await gitOutput(["for-each-ref", "--format=delete %(refname)", ...of], options);
  if (refs !== "") await gitOutput(["update-ref", "--stdin"], { ...options, stdin: `${refs}\n` });
}
