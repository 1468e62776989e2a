import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { once } from "node:events";
import type { Command } from "../../domain/blueprints/blueprint.ts";
import { CommandInvalid } from "../../domain/faults/environments.ts";

export interface SpawnOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly stdio: StdioOptions;
}

/**
 * Starts a program in a session of its own, where a signal to our terminal or our group doesn't reach it. Throws the
 * system's error (ENOENT, EACCES, …) when it can't be started, and `CommandInvalid` when no system could start it.
 */
export async function spawnDetached([program, ...args]: Command, options: SpawnOptions): Promise<ChildProcess> {
  const child = attempt(() => spawn(program, args, { ...options, detached: true }));
  await once(child, "spawn");
  return child;
}

/** Throws `CommandInvalid` for what can't be an argument list at all. */
export function checkCommand([program, ...args]: Command): void {
  if (program === "") throw new CommandInvalid("it has no program");
  if ([program, ...args].some((text) => text.includes("\0"))) throw new CommandInvalid("there is a NUL byte in it");
}

function attempt(start: () => ChildProcess): ChildProcess {
  try {
    return start();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "E2BIG") throw new CommandInvalid("its arguments are longer than this machine allows");
    if (code === "ERR_INVALID_ARG_VALUE") throw new CommandInvalid("there is a NUL byte in it or in its variables");
    throw error;
  }
}
