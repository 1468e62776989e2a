import { onStall } from "./stall.ts";

export interface Limits {
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number;
  /** Null: it is not ended for a stall. */
  readonly stallMs: number | null;
}

/** Ends a process group at its timeout, when it stalls, or when the signal aborts; `done` stops the watch and says why. */
export function endGroupOn(pid: number | undefined, { signal, timeoutMs, stallMs }: Limits) {
  let timedOut = false;
  let stalled = false;
  let forced: NodeJS.Timeout | undefined;
  const end = (): void => {
    // TERM first: git removes its lock files on it.
    killGroup(pid, "SIGTERM");
    forced = setTimeout(killGroup, 2_000, pid, "SIGKILL");
  };
  const timer = setTimeout(() => {
    timedOut = true;
    end();
  }, timeoutMs);
  const watched =
    pid === undefined || stallMs === null
      ? () => {}
      : onStall(pid, stallMs, () => {
          stalled = true;
          end();
        });
  if (signal?.aborted) end();
  signal?.addEventListener("abort", end, { once: true });
  return {
    done(): { timedOut: boolean; stalled: boolean } {
      clearTimeout(timer);
      clearTimeout(forced);
      watched();
      signal?.removeEventListener("abort", end);
      return { timedOut, stalled };
    },
  };
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended by itself.
  }
}
