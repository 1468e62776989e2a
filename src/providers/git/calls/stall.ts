import { readFile } from "node:fs/promises";

const lookMs = 2_000;

/**
 * Calls back when a transfer stalls: for `stallMs` no process of its tree has read, written or used the CPU. Never, where the
 * machine has no /proc. Returns a function that stops the watch.
 */
export function onStall(pid: number, stallMs: number, call: () => void): () => void {
  let last = "";
  let movedAt = performance.now();
  const timer = setInterval(async () => {
    const now = await activityOf(pid);
    if (now === null || now !== last) {
      last = now ?? "";
      movedAt = performance.now();
    } else if (performance.now() - movedAt > stallMs) {
      clearInterval(timer);
      call();
    }
  }, lookMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** The counters of a process and its descendants, as one text: it is equal to an earlier one only if none has advanced. */
async function activityOf(pid: number): Promise<string | null> {
  const stat = await read(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // After the name in brackets, the 12th and 13th fields are the ticks it has computed for.
  const ticks = stat
    .slice(stat.lastIndexOf(") ") + 2)
    .split(" ")
    .slice(11, 13);
  const moved = (await read(`/proc/${pid}/io`))?.match(/^(rchar|wchar): \d+/gm) ?? [];
  const children = ((await read(`/proc/${pid}/task/${pid}/children`)) ?? "").trim();
  const below = children === "" ? [] : await Promise.all(children.split(" ").map((child) => activityOf(Number(child))));
  return [pid, ...ticks, ...moved, ...below].join(" ");
}

async function read(path: string): Promise<string | null> {
  return await readFile(path, "utf8").catch(() => null);
}
