import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";

/** A person's own git on a machine that has Git LFS: what Fairlead makes is compared with what this one makes. */
export interface Person {
  git(cwd: string, ...args: string[]): Promise<string>;
  /** Runs a shell script there, with the same git. */
  sh(cwd: string, script: string): Promise<void>;
}

const settings = `
[user]
	name = Grace
	email = grace@example.org
[init]
	defaultBranch = main
[protocol "file"]
	allow = always
[filter "lfs"]
	clean = git-lfs clean -- %f
	smudge = git-lfs smudge -- %f
	process = git-lfs filter-process
	required = true
`;

/** Clocks stand still for a person, so that the same work makes the same commit wherever it is done. */
export const clock = "2026-01-02T03:04:05Z";

export async function makePerson(folder: string): Promise<Person> {
  const config = join(folder, "gitconfig");
  await writeFile(config, settings);
  const env = {
    GIT_CONFIG_GLOBAL: config,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_AUTHOR_DATE: clock,
    GIT_COMMITTER_DATE: clock,
    LC_ALL: "C",
  };
  return {
    async git(cwd, ...args) {
      const { stdout } = await execa("git", args, { cwd, env });
      return stdout;
    },
    async sh(cwd, script) {
      await execa("sh", ["-ec", script], { cwd, env });
    },
  };
}

/** Writes files, with the folders that they are in. */
export async function writeFiles(
  directory: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), content);
  }
}
