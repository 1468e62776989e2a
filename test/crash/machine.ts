import { readdir, readFile, readlink } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { gitIn } from "../support/world.ts";

const patienceMs = 3_000;

/** Processes that belong to a folder, by their variables, arguments or working directory; one that is just ending may. */
export async function processesOf(folder: string): Promise<string[]> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const found = await lookForProcesses(folder);
    if (found.length === 0 || performance.now() > deadline) {
      return found.map(({ pid, words }) => `process ${pid}: ${words.slice(0, 200)}`);
    }
    await delay(50);
  }
}

/** Kills what a run that went wrong, or was broken off, has left. */
export async function killProcessesOf(folder: string): Promise<void> {
  for (const { pid } of await lookForProcesses(folder)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has just ended.
    }
  }
}

async function lookForProcesses(folder: string): Promise<{ pid: number; words: string }[]> {
  const found: { pid: number; words: string }[] = [];
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    const words = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    const variables = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
    const directory = await readlink(`/proc/${pid}/cwd`).catch(() => "");
    if (`${words}\0${variables}\0${directory}`.includes(folder)) {
      found.push({ pid: Number(pid), words: words.replaceAll("\0", " ") });
    }
  }
  return found;
}

/** What lies in a data folder though no change needs it any more. */
export async function leftIn(home: string): Promise<string[]> {
  const left = (await readdir(join(home, "environments")).catch(() => [])).map((name) => `environments/${name}`);
  for (const name of await readdir(join(home, "mirrors")).catch(() => [])) {
    if (!name.endsWith(".git")) left.push(`mirrors/${name}`);
    const mirror = join(home, "mirrors", name);
    const files = await readdir(mirror, { recursive: true }).catch(() => []);
    left.push(...files.filter((file) => /\.lock$|(^|\/)tmp_|^worktrees\//.test(file)).map((file) => `${name}/${file}`));
    left.push(...(await refsLeftIn(mirror)).map((ref) => `${name} ${ref}`));
  }
  return left;
}

/** What Fairlead notes of a branch is needed for as long as the remote has that branch. */
async function refsLeftIn(mirror: string): Promise<string[]> {
  const branches = "refs/remotes/origin/";
  const refs = (await gitIn(mirror, "for-each-ref", "--format=%(refname)")).split("\n").filter((ref) => ref !== "");
  const needed = refs
    .filter((ref) => ref.startsWith(branches))
    .flatMap((ref) => [ref, `refs/fairlead/pushed/${ref.slice(branches.length)}/`]);
  return refs.filter((ref) => !needed.some((prefix) => ref.startsWith(prefix)));
}

/** Those of these ports on which somebody listens. */
export async function portsInUse(ports: readonly number[]): Promise<number[]> {
  const used: number[] = [];
  for (const port of ports) if (!(await canListen(port))) used.push(port);
  return used;
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
