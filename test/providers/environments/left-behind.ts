import { join } from "node:path";
import { expect } from "vitest";
import type { Environment } from "../../../src/providers/environments/port.ts";
import { supervisorOf } from "../../../src/providers/environments/process-folder.ts";
import { type Identity, identify, isAlive } from "../../../src/providers/environments/process-table.ts";
import { ended, text, until } from "./support.ts";

/** Runs a script to its end, and gives the processes that it left and named by their pids, once nothing else runs. */
export async function leftBy(here: Environment, script: string, name = "agent-1"): Promise<Identity[]> {
  await here.start({ name, argv: ["sh", "-c", script] });
  const supervisor = await supervisorOf(join(here.checkout, "../processes", name));
  await ended(here, name);
  await until(async () => supervisor !== null && !(await isAlive(supervisor)));
  // It may be said by what was left, a moment later.
  const said = await until(async () => (await text(here, name)).trim() || null);
  const pids = said.split("\n").map(Number);
  const identities = await Promise.all(pids.map(identify));
  expect(identities).not.toContain(null);
  return identities.filter((found) => found !== null);
}

/** Those of these processes that live. */
export async function alive(left: readonly Identity[]): Promise<number[]> {
  const pids = await Promise.all(left.map(async (one) => ((await isAlive(one)) ? [one.pid] : [])));
  return pids.flat();
}
