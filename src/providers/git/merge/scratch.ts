import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import type { Mirror } from "../mirror/mirror.ts";

/**
 * Works in a temporary folder beside the mirror. Where the process is killed meanwhile, the next one that opens the mirror removes
 * the folder (`sweepPartials` finds it by its name).
 */
export async function inScratch<Value>({ path }: Mirror, work: (folder: string) => Promise<Value>): Promise<Value> {
  const folder = `${path}.partial-${process.pid}-${randomUUID().slice(0, 8)}`;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
