import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";

/**
 * Tells one start of one machine, and in it one container, from every other: processes of two that differ don't see each
 * other. A snapshot of a machine has the name, the disks and the folders of the first, but starts by itself. Where there is
 * no /proc, the machine's name has to do.
 */
export async function machineId(): Promise<string> {
  const [boot, container] = await Promise.all([
    readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => ""),
    readlink("/proc/self/ns/pid").catch(() => ""),
  ]);
  return boot === "" ? hostname() : `${boot.trim()} ${container}`.trim();
}
