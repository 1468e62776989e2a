import type { ProcessExit } from "./port.ts";

/** What shells and supervisors make of a signal: 128 and its number. */
const signalStatus: Readonly<Record<number, string>> = { 129: "SIGHUP", 130: "SIGINT", 137: "SIGKILL", 143: "SIGTERM" };

/** The signal that ended a process, also where it was reported as an exit status. */
export function signalOf({ code, signal }: ProcessExit): string | null {
  return signal ?? (code === null ? null : (signalStatus[code] ?? null));
}

/** Somebody asked the process to end, and it did. */
export function wasInterrupted(exit: ProcessExit): boolean {
  return ["SIGHUP", "SIGINT", "SIGTERM"].includes(signalOf(exit) ?? "");
}

/** The process didn't end by itself, or nobody saw how it ended: its exit status says nothing about its work. */
export function wasStopped(exit: ProcessExit): boolean {
  return exit.code === null || signalOf(exit) !== null;
}

/** The supervisor couldn't start the program; 126 and 127 are what shells and `env` say. */
export function couldNotStart(exit: ProcessExit, stderr: string): boolean {
  return exit.code === 126 || exit.code === 127 || /\b(ENOENT|EACCES)\b/.test(stderr);
}

/** To follow a name: "ended with exit status 3", "was killed by SIGKILL", "vanished". */
export function describeExit(exit: ProcessExit): string {
  const signal = signalOf(exit);
  if (signal !== null) return `was killed by ${signal}`;
  return exit.code === null ? "vanished, and nobody saw how it ended" : `ended with exit status ${exit.code}`;
}
