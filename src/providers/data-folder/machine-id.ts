import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";

/**
 * Identifies one boot of one machine, and the container (PID namespace) in it: processes with different ids can't see each
 * other. The boot matters because a snapshot of a machine has the same name, disks and folders, but boots by itself. Where
 * there is no /proc, it is the host name.
 */
export async function machineId(): Promise<string> {
  const [boot, container] = await Promise.all([
    readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => ""),
    readlink("/proc/self/ns/pid").catch(() => ""),
  ]);
  return boot === "" ? hostname() : `${boot.trim()} ${container}`.trim();
}
