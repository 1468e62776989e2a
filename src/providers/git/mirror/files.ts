import { git } from "../calls/git.ts";
import type { Files } from "../port.ts";
import { isCommitName } from "./commits.ts";
import type { Mirror } from "./mirror.ts";
import { readFilesAt } from "./objects.ts";

/** The files of a branch of the remote as last fetched, or of a commit. */
export function filesOf(open: () => Promise<Mirror>, branchOrCommit: string): Files {
  const revision = isCommitName(branchOrCommit) ? branchOrCommit : `refs/remotes/origin/${branchOrCommit}`;
  return {
    async readFiles(paths) {
      return await readFilesAt(await open(), revision, paths);
    },
    async list(path) {
      const tree = path === "." ? `${revision}:` : `${revision}:${path}`;
      const { stdout } = await git(["ls-tree", "-z", "--end-of-options", tree], { gitDir: (await open()).path });
      return stdout.split("\0").flatMap((line) => {
        const [, type, name] = /^\d+ (\w+) [0-9a-f]+\t(.*)$/s.exec(line) ?? [];
        return name === undefined ? [] : [type === "tree" ? `${name}/` : name];
      });
    },
  };
}
