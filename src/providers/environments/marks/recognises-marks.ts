import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Place } from "../place.ts";
import { spawnDetached } from "../spawn-detached.ts";
import { supervise } from "../start-process.ts";
import { carries, environmentLimits, freeLimits, processLimits, readLimitPairs } from "./limit-mark.ts";

/** Whether marks work on this machine: starts a program under the supervisor, and reads its limits. */
export async function recognisesMarks(): Promise<boolean> {
  const place = { id: "00000000000000000000000000" as Place["id"] };
  const { soft, hard } = processLimits(place, "probe");
  const folder = await mkdtemp(join(tmpdir(), "fairlead-probe-"));
  try {
    await writeFile(join(folder, "stdin"), "");
    await writeFile(
      join(folder, "started"),
      `${Math.floor(Date.now() / 1000)} ${soft} ${hard} ${await freeLimits()}\n`,
    );
    const argv = ["/bin/sh", supervise, folder, "cat", "/proc/self/limits"] as const;
    const child = await spawnDetached([...argv], { cwd: folder, env: process.env, stdio: "ignore" });
    await once(child, "exit", { signal: AbortSignal.timeout(10_000) });
    return carries(readLimitPairs(await readFile(join(folder, "stdout"), "utf8")), environmentLimits(place));
  } catch {
    return false;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
