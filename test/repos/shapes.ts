import { expect } from "vitest";
import { writeFiles } from "./person.ts";
import { type OddRepository, remoteOf } from "./repository.ts";

/** Repositories that are out of the ordinary by what is in them. */
export const shapes: readonly OddRepository[] = [
  {
    name: "signed commits",
    async make(person, folder) {
      await person.sh(
        folder,
        "ssh-keygen -q -t ed25519 -N '' -f key; echo \"grace@example.org $(cat key.pub)\" > signers",
      );
      return await remoteOf(
        person,
        folder,
        `git config gpg.format ssh; git config user.signingKey ${folder}/key.pub; git config commit.gpgSign true
        git config gpg.ssh.program ssh-keygen; echo one > one.txt`,
      );
    },
    work: "echo two > two.txt",
    meanwhile: "echo three > three.txt",
    async also({ person, clone, folder }) {
      const verify = ["-c", `gpg.ssh.allowedSignersFile=${folder}/signers`, "verify-commit"];
      await person.git(clone, ...verify, "main~1^{/First}");
    },
  },
  {
    name: "a default branch that was renamed",
    async make(person, folder) {
      const url = await remoteOf(person, folder, "echo one > one.txt");
      await person.git(url, "branch", "--move", "main", "trunk/next");
      return url;
    },
    work: "echo two > two.txt",
    meanwhile: "echo three > three.txt",
  },
  {
    name: "a history that was cut off",
    async make(person, folder) {
      const url = await remoteOf(person, folder, "echo one > one.txt");
      await person.sh(
        `${folder}/seed`,
        "for n in 1 2 3 4; do echo $n > n.txt; git add .; git commit --quiet --message $n; done; git push --quiet origin HEAD",
      );
      await person.sh(folder, `mkdir shallow; git clone --quiet --bare --depth 2 file://${url} shallow/copy.git`);
      return `${folder}/shallow/copy.git`;
    },
    work: "echo two > two.txt",
    meanwhile: "echo three > three.txt",
  },
  {
    name: "a history of thousands of commits, branches and tags",
    async make(person, folder) {
      const url = await remoteOf(person, folder, "echo one > one.txt");
      await writeFiles(folder, { history: history(4_000) });
      await person.sh(url, "git fast-import --quiet --force < ../history; git pack-refs --all");
      return url;
    },
    work: "echo two > two.txt; git log --oneline | wc -l > count.txt",
    meanwhile: "echo three > three.txt",
  },
  {
    name: "repositories in repositories",
    make: (person, folder) =>
      remoteOf(
        person,
        folder,
        `git init --quiet vendored; cd vendored; echo v > v.txt; git add .; git commit --quiet --message V; cd ..
        git -c advice.addEmbeddedRepo=false add vendored; mkdir -p a/b/c/d; echo deep > a/b/c/d/deep.txt; ln -s a/b link
        echo '/ignored/' > .gitignore`,
      ),
    work: `echo more >> a/b/c/d/deep.txt; mkdir -p a/new/folder; echo new > a/new/folder/new.txt; rm link; ln -s a/new link
      chmod +x a/b/c/d/deep.txt; mkdir ignored; echo x > ignored/x`,
    meanwhile: "echo three > a/b/three.txt",
    async also({ person, clone }) {
      expect(await person.git(clone, "ls-files", "--stage", "vendored")).toMatch(/^160000 /);
    },
  },
  {
    name: "names and texts that are not ASCII",
    make: (person, folder) =>
      remoteOf(
        person,
        folder,
        `mkdir 'Größe und 大きさ'; echo über > 'Größe und 大きさ/ä ö.txt'; printf 'caf\\351\\n' > "$(printf 'latin-\\351.txt')"
        printf 'quoted' > "$(printf 'a"b\\tc\\nd.txt')"; printf ' leading' > ' leading space'; printf dash > ./-rf
        printf 'a\\\\b' > 'back\\slash'; printf 'g' > ':(glob)*'`,
      ),
    work: `echo mehr >> 'Größe und 大きさ/ä ö.txt'; printf 'th\\351\\n' >> "$(printf 'latin-\\351.txt')"; mv 'back\\slash' '🚀 rocket'
      printf more >> "$(printf 'a"b\\tc\\nd.txt')"; echo 'x' >> ./-rf; echo new > 'a b'; printf x > "$(printf 'new-\\377')"`,
    meanwhile: "echo three > 'drei €.txt'",
  },
];

/** A stream for `git fast-import`: a history of so many commits on main, and a branch or a tag every few commits. */
function history(length: number): string {
  const who = (n: number) => `committer Grace <grace@example.org> ${1_700_000_000 + n * 60} +0000`;
  const commits = Array.from({ length }, (_, n) => {
    const from = n === 0 ? "from refs/heads/main^0\n" : "";
    const text = `file ${n}\n`;
    const file = `M 644 inline files/${n % 50}/${n % 500}.txt\ndata ${text.length}\n${text}`;
    const ref = n % 4 === 0 ? `reset refs/${n % 8 === 0 ? "heads/topic" : "tags/v"}-${n}\nfrom :${n + 1}\n\n` : "";
    return `commit refs/heads/main\nmark :${n + 1}\n${who(n)}\ndata 2\nW\n${from}${file}\n${ref}`;
  });
  return commits.join("");
}
