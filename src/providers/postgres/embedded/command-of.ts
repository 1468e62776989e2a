import { readFile } from "node:fs/promises";
import { run } from "./run.ts";

/** A process's command line, null when it can't be known. One that has ended and isn't reaped has an empty one. */
export async function commandOf(pid: number): Promise<string | null> {
  if (process.platform === "linux") return readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => null);
  const { ok, output } = await run(null, "ps", ["-ww", "-o", "command=", "-p", String(pid)], 5_000);
  return ok ? output : null;
}
