import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Point } from "../matrix/boundaries.ts";

/** What a waiting worker is told. */
export interface Orders {
  readonly databaseUrl: string;
  readonly home: string;
  readonly concurrency: number;
  /** Given, it tells which boundaries it passes, and dies at one of them unless `death` is null. */
  readonly watched: { readonly death: Point | null } | null;
}

export interface Worker {
  readonly pid: number;
  readonly passed: readonly Point[];
  /** Settles when it takes work, or has died before. */
  readonly started: Promise<void>;
  /** How it ended. */
  readonly ended: Promise<NodeJS.Signals | number | null>;
  /** What it had to complain of. */
  complaints(): string;
  kill(signal: NodeJS.Signals): void;
}

/** Workers that have loaded all they need and wait for their orders: loading takes longer than most deaths. */
export interface Spares {
  begin(orders: Orders): Promise<Worker>;
  close(): Promise<void>;
}

/** The exit status of a worker that could not begin. */
export const couldNotBegin = 75;

const program = fileURLToPath(new URL("./run-worker.ts", import.meta.url));
const variables = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), "fairlead-crash-code") };

interface Spare {
  readonly child: ChildProcess;
  readonly words: ReturnType<typeof createInterface>;
  readonly errors: string[];
}

export function keepSpares(count: number): Spares {
  const waiting: Promise<Spare>[] = Array.from({ length: count }, warm);
  return {
    async begin(orders) {
      const next = waiting.shift();
      waiting.push(warm());
      return beginWork(await (next ?? warm()), orders);
    },
    async close() {
      for (const spare of waiting.splice(0)) {
        const { child } = await spare;
        const exit = once(child, "exit");
        child.kill("SIGKILL");
        await exit;
      }
    },
  };
}

async function warm(): Promise<Spare> {
  const child = spawn(process.execPath, [program], { env: variables, stdio: ["pipe", "pipe", "pipe"] });
  const errors: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => void errors.push(text));
  const words = createInterface({ input: child.stdout });
  const [word] = await Promise.race([once(words, "line"), once(child, "exit")]);
  if (word !== '"warm"') throw new Error(`a worker could not be loaded: ${errors.join("")}`);
  return { child, words, errors };
}

function beginWork({ child, words, errors }: Spare, orders: Orders): Worker {
  const passed: Point[] = [];
  const started = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<NodeJS.Signals | number | null>();
  words.on("line", (line) => {
    const word = JSON.parse(line) as "started" | Point;
    if (word === "started") started.resolve();
    else passed.push(word);
  });
  // Not at its exit: what it said last may still be under way.
  child.once("close", (code, signal) => {
    started.resolve();
    ended.resolve(signal ?? code);
  });
  child.stdin?.write(`${JSON.stringify(orders)}\n`);
  return {
    pid: child.pid ?? 0,
    passed,
    started: started.promise,
    ended: ended.promise,
    complaints: () => errors.join(""),
    kill: (signal) => void child.kill(signal),
  };
}
