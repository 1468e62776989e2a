import { mkdtemp, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";

/** A disk of a few megabytes, half of which can be given back. */
export interface SmallDisk {
  readonly path: string;
  makeRoom(): Promise<void>;
  /** Takes it away, whoever is still at work on it. */
  unmount(): Promise<void>;
}

/** Mounts one; null where that is not allowed. */
export async function smallDisk(megabytes: number): Promise<SmallDisk | null> {
  const path = await mkdtemp(join(tmpdir(), "fairlead-disk-"));
  const mounted = await execa("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", path], { reject: false });
  if (mounted.exitCode !== 0) {
    await rmdir(path);
    return null;
  }
  const ballast = join(path, "ballast");
  await writeFile(ballast, Buffer.alloc((megabytes / 2) * 1024 * 1024));
  return {
    path,
    makeRoom: () => rm(ballast),
    async unmount() {
      await execa("umount", ["--lazy", path]);
      await rmdir(path);
    },
  };
}
