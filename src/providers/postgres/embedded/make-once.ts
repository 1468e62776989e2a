import { randomBytes } from "node:crypto";
import { readFile, rm, stat } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { createWhole } from "../../files.ts";
import { isRunning } from "../../processes.ts";
import { sqlState } from "../connection.ts";

/** Longer than any making may take: a note that is older was left by a crash, whoever has its process id now. */
const oldMs = 180_000;

/** Something costly that many processes want and one has to make. */
export interface Making {
  /** A file that says who is making it, and in which folder. */
  readonly note: string;
  made(): Promise<boolean>;
  /** Makes it in a folder of this name and publishes it in one step, as `made` will then see. */
  make(folder: string): Promise<void>;
  /** Removes a folder that was left, or is left over; keeps one that has been published. */
  clear(folder: string): Promise<void>;
}

/** Returns when it is made. A maker that was killed is found by its note: what it left is cleared, and made anew. */
export async function makeOnce(making: Making): Promise<void> {
  while (!(await making.made())) {
    const folder = randomName();
    const note = JSON.stringify({ pid: process.pid, folder });
    if (await createWhole(making.note, note)) await makeNoted(making, folder);
    else {
      await clearIfLeft(making);
      await pause(50);
    }
  }
}

async function makeNoted(making: Making, folder: string): Promise<void> {
  try {
    if (!(await making.made())) await making.make(folder);
  } finally {
    await making.clear(folder);
    await rm(making.note, { force: true });
  }
}

async function clearIfLeft(making: Making): Promise<void> {
  try {
    const { mtimeMs } = await stat(making.note);
    const note: { pid: number; folder: string } = JSON.parse(await readFile(making.note, "utf8"));
    if (isRunning(note.pid) && Date.now() - mtimeMs < oldMs) return;
    await making.clear(note.folder);
    await rm(making.note, { force: true });
  } catch (error) {
    if (sqlState(error) !== "ENOENT") throw error;
  }
}

function randomName(): string {
  return randomBytes(8).toString("hex");
}
