import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import type { Command } from "../../domain/blueprints/blueprint.ts";
import { CommandTimedOut, EnvironmentGone } from "../../domain/faults/environments.ts";
import { exists } from "../files.ts";
import { endProcesses } from "./end-processes.ts";
import { keepFirst, keepLast } from "./output-limits.ts";
import { type Place, processMarker, variablesOf } from "./place.ts";
import type { Ran, RunOptions } from "./port.ts";
import { checkCommand, spawnDetached } from "./spawn-detached.ts";

const stdoutLimitBytes = 10 * 1024 * 1024;
const outputLimitBytes = 64 * 1024;
const graceMs = 500;

/** Runs a command in the checkout to its end. Throws `CommandTimedOut` or the signal's reason once all of it is gone. */
export async function runCommand(place: Place, argv: Command, options: RunOptions): Promise<Ran> {
  checkCommand(argv);
  options.signal?.throwIfAborted();
  const name = `run-${randomUUID()}`;
  const child = await begin(place, argv, { name, options });
  if ("code" in child) return child;

  const stdout = keepFirst(stdoutLimitBytes);
  const output = keepLast(outputLimitBytes);
  child.stdout?.on("data", (bytes: Buffer) => [stdout, output].forEach((kept) => void kept.add(bytes)));
  child.stderr?.on("data", (bytes: Buffer) => output.add(bytes));
  // It may end without reading what it is given.
  child.stdin?.on("error", () => undefined).end(options.stdin ?? "");

  try {
    await endOf(child, options);
  } catch {
    await endProcesses({ marker: processMarker(place, name), folders: [] }, graceMs);
    options.signal?.throwIfAborted();
    throw new CommandTimedOut(argv[0], options.timeoutMs);
  }
  return { code: child.exitCode, stdout: stdout.text(), output: output.text() };
}

/** The running command, or the result that a shell would give for what can't be run. */
async function begin(
  place: Place,
  argv: Command,
  { name, options }: { name: string; options: RunOptions },
): Promise<ChildProcess | Ran> {
  try {
    const env = variablesOf(place, name, options.variables);
    return await spawnDetached(argv, { cwd: place.checkout, env, stdio: "pipe" });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "EACCES" && code !== "ENOTDIR") throw error;
    if (!(await exists(place.checkout))) throw new EnvironmentGone(place.id, { cause: error });
    // For a bare name EACCES may also mean that some folder on the PATH can't be searched.
    const isFound = code === "EACCES" && argv[0].includes("/");
    const [status, why] = isFound ? [126, "may not be executed"] : [127, "was not found on the PATH"];
    return { code: status, stdout: "", output: `${argv[0]} ${why}\n` };
  }
}

/** Rejects when the time is up or the signal says so. */
async function endOf(child: ChildProcess, { timeoutMs, signal }: RunOptions): Promise<void> {
  const limit = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])]);
  const closed = once(child, "close");
  await once(child, "exit", { signal: limit });
  // What it left running may hold its output open for ever, and isn't waited for.
  await Promise.race([closed, delay(300, undefined, { ref: false })]);
  child.stdout?.destroy();
  child.stderr?.destroy();
}
