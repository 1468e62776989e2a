import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { GitOptions } from "../calls/git.ts";
import type { Mirror } from "../mirror/mirror.ts";
import { readObjects, treeFacts } from "../mirror/objects.ts";
import { inScratch } from "./scratch.ts";

/**
 * Lets git work in the mirror with the attributes that a checkout of a commit has. Before git 2.43, a bare repository reads no
 * `.gitattributes`, so those files, and no others, are written to a work tree beside it.
 */
export async function withAttributes<Value>(
  mirror: Mirror,
  commit: string,
  work: (options: GitOptions) => Promise<Value>,
): Promise<Value> {
  const { attributes } = await treeFacts(mirror, commit);
  const files = attributes.filter(({ mode, path }) => mode.startsWith("100") && isInside(path));
  const contents = await readObjects(
    mirror,
    files.map(({ object }) => object),
  );
  return await inScratch(mirror, async (folder) => {
    for (const { object, path } of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), contents.get(object) ?? "");
    }
    return await work({
      gitDir: mirror.path,
      cwd: folder,
      settings: ["-c", "core.bare=false", `--work-tree=${folder}`],
    });
  });
}

/** Whether a path stays inside the work tree: a commit that was not made by git can contain any path. */
function isInside(path: string): boolean {
  return (
    !path.startsWith("/") && !path.includes("\\") && !path.split("/").some((part) => [".", "..", ""].includes(part))
  );
}
