import { expect } from "vitest";
import { clock } from "./person.ts";
import { type OddRepository, remoteOf } from "./repository.ts";

/** An agent's own commit, which is the same commit wherever it is made. */
const commit = ["AUTHOR", "COMMITTER"]
  .map((who) => `GIT_${who}_NAME=Agent GIT_${who}_EMAIL=agent@example.org GIT_${who}_DATE=${clock} `)
  .concat("git commit --quiet --message Work")
  .join("");

/** Repositories that are out of the ordinary by the tools that they are used with. */
export const tools: readonly OddRepository[] = [
  {
    name: "Git LFS",
    make: (person, folder) =>
      remoteOf(
        person,
        folder,
        `echo '*.bin filter=lfs diff=lfs merge=lfs -text' > .gitattributes
        head -c 5000 /dev/zero > old.bin; head -c 100 /dev/zero > gone.bin; echo text > notes.txt`,
      ),
    work: `head -c 70000 /dev/zero | tr '\\0' 'x' > "new file.bin"; printf more >> old.bin; git rm --quiet gone.bin
      mkdir art; printf staged > art/staged.bin; git add art; ${commit}; printf last > art/last.bin`,
    meanwhile: "printf theirs > theirs.bin; echo more >> notes.txt",
    async also({ person, clone }) {
      expect(await person.git(clone, "lfs", "fsck")).toContain("OK");
      const files = (await person.git(clone, "lfs", "ls-files", "--name-only")).split("\n").sort();
      expect(files).toEqual(["art/last.bin", "art/staged.bin", "new file.bin", "old.bin", "theirs.bin"]);
    },
  },
  {
    name: "submodules, one in the other",
    async make(person, folder) {
      await person.sh(
        folder,
        `for name in inner outer; do git init --quiet --bare $name.git; git clone --quiet $name.git seed-$name 2>/dev/null; done
        cd seed-inner; echo inner > inner.txt; git add .; git commit --quiet --message Inner; git push --quiet origin HEAD
        cd ../seed-outer; echo outer > outer.txt; git submodule --quiet add ../inner.git deep/inner; git add .
        git commit --quiet --message Outer; git push --quiet origin HEAD`,
      );
      const url = await remoteOf(
        person,
        folder,
        "echo top > top.txt; git submodule --quiet add ../outer.git libs/outer; git submodule --quiet update --init --recursive",
      );
      return url;
    },
    work: `cat libs/outer/deep/inner/inner.txt libs/outer/outer.txt > seen.txt
      cd libs/outer/deep/inner; echo more >> inner.txt; git add .; ${commit}
      cd ../..; echo more >> outer.txt; git add .; ${commit}
      cd ../..; git add .; ${commit}`,
    meanwhile: "echo more >> top.txt",
    async also({ person, clone }) {
      const status = await person.git(clone, "submodule", "status", "--recursive");
      expect(status.split("\n").map((line) => [line[0], line.split(" ")[2]])).toEqual([
        [" ", "libs/outer"],
        [" ", "libs/outer/deep/inner"],
      ]);
    },
  },
  {
    name: "a bare repository that is a clone of another",
    async make(person, folder) {
      const url = await remoteOf(person, folder, "echo one > one.txt");
      await person.sh(folder, `mkdir b; git clone --quiet --bare ${url} b/copy.git`);
      return `${folder}/b/copy.git`;
    },
    work: "echo two > two.txt",
    async also({ person, folder }) {
      const branches = await person.git(`${folder}/remote.git`, "for-each-ref", "--format=%(refname)");
      expect(branches).toBe("refs/heads/main");
      expect(await person.git(`${folder}/remote.git`, "rev-list", "--count", "main")).toBe("1");
    },
  },
  {
    name: "merges that its attributes decide",
    make: (person, folder) =>
      remoteOf(
        person,
        folder,
        `printf 'CHANGELOG.md merge=union\\n' > .gitattributes; printf '# Changes\\n' > CHANGELOG.md
        mkdir docs; printf 'NEWS merge=union\\n' > docs/.gitattributes; printf 'news\\n' > docs/NEWS
        printf '*.md merge=ours-alone\\n' > docs/sub.txt`,
      ),
    work: "echo '- ours' >> CHANGELOG.md; echo ours >> docs/NEWS; echo ours > ours.txt",
    meanwhile: "echo '- theirs' >> CHANGELOG.md; echo theirs >> docs/NEWS",
  },
  {
    name: "line ends of every kind",
    make: (person, folder) =>
      remoteOf(
        person,
        folder,
        `printf '* text=auto\\n*.bat text eol=crlf\\n*.raw -text\\n*.u16 working-tree-encoding=UTF-16LE\\n' > .gitattributes
        printf 'one\\r\\ntwo\\r\\n' > run.bat; printf 'a\\r\\nb\\n' > mixed.raw; printf 'unix\\n' > unix.txt
        printf 'o\\0n\\0e\\0\\n\\0' > wide.u16`,
      ),
    work: `printf 'three\\r\\n' >> run.bat; printf 'c\\r\\n' >> mixed.raw; printf 'dos\\r\\nlines\\r\\n' > dos.txt
      printf 'no newline' >> unix.txt; printf 't\\0w\\0o\\0\\n\\0' >> wide.u16`,
    meanwhile: "printf 'zero\\n' > another.txt",
  },
  {
    name: "hooks that refuse everything",
    make: (person, folder) =>
      remoteOf(
        person,
        folder,
        `mkdir .githooks; for hook in pre-commit commit-msg pre-push post-checkout pre-merge-commit prepare-commit-msg
        do printf '#!/bin/sh\\necho ran >> ../hooks-ran; exit 1\\n' > .githooks/$hook; done; chmod +x .githooks/*
        printf '{"setup": "git config core.hooksPath .githooks"}\\n' > .fairlead.json; echo one > one.txt`,
      ),
    work: "echo two > two.txt",
    meanwhile: "echo three > three.txt",
  },
];
