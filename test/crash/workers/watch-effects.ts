import childProcess, { type ChildProcess } from "node:child_process";
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import type { Reach } from "../matrix/boundaries.ts";
import { commandLabel, pathLabel } from "../matrix/labels.ts";

type Anything = (...args: never[]) => unknown;

/** Watches what this process does to the machine: each process it starts or signals, each file it makes or removes. */
export function watchEffects(reach: Reach): void {
  const spawn = childProcess.spawn as Anything;
  childProcess.spawn = ((program: string, args?: readonly string[], ...rest: never[]) => {
    const label = `process ${commandLabel([program, ...(Array.isArray(args) ? args : [])])}`;
    reach("before", label);
    const child = (spawn as (...given: unknown[]) => ChildProcess)(program, args, ...rest);
    child.once("exit", () => reach("after", label));
    return child;
  }) as typeof childProcess.spawn;

  const kill = process.kill.bind(process);
  process.kill = (pid, signal) => {
    // Signal 0 only asks whether somebody is there.
    const label = `signal ${signal}`;
    if (signal !== 0) reach("before", label);
    const sent = kill(pid, signal);
    if (signal !== 0) reach("after", label);
    return sent;
  };

  const files = fs as unknown as Record<string, (path: string, ...rest: unknown[]) => Promise<unknown>>;
  for (const verb of ["mkdir", "rename", "rm", "rmdir", "symlink", "unlink", "writeFile", "chmod"]) {
    const act = files[verb];
    if (act === undefined) continue;
    files[verb] = async (path, ...rest) => {
      const label = `file ${verb} ${pathLabel(String(verb === "symlink" ? rest[0] : path))}`;
      reach("before", label);
      try {
        return await act(path, ...rest);
      } finally {
        reach("after", label);
      }
    };
  }
  syncBuiltinESMExports();
}
