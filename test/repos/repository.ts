import type { Person } from "./person.ts";

/** A repository of one kind, and the work of an agent and of a colleague in it. */
export interface OddRepository {
  /** What is odd about it, as a test's name says it. */
  readonly name: string;
  /** Makes the remote in an empty folder, and gives the address that its workspace has. */
  readonly make: (person: Person, folder: string) => Promise<string>;
  /** What the agent runs in its checkout, as a shell script. */
  readonly work: string;
  /** What a colleague commits to the target while the change waits for its approval, as a shell script. */
  readonly meanwhile?: string;
  /** What holds besides in a fresh clone of what was merged. Throws where it does not. */
  readonly also?: (seen: Merged) => Promise<void>;
}

/** What came of a change. */
export interface Merged {
  readonly person: Person;
  /** The folder that the remote was made in. */
  readonly folder: string;
  readonly url: string;
  /** A fresh clone, with submodules and LFS content. */
  readonly clone: string;
}

/** Makes a bare remote of what a script commits in a clone. */
export async function remoteOf(person: Person, folder: string, script: string): Promise<string> {
  const url = `${folder}/remote.git`;
  await person.sh(
    folder,
    `git init --quiet --bare remote.git && git clone --quiet remote.git seed 2>/dev/null && cd seed && ${script}
    git add --all && git commit --quiet --message First && git lfs push origin HEAD; git push --quiet origin HEAD`,
  );
  return url;
}
