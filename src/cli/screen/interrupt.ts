import { exitCodes } from "./exit-codes.ts";

/** Somebody pressed Ctrl-C or sent SIGTERM, or (`quiet`) nobody reads our output any more. */
export class Interrupted extends Error {
  readonly quiet: boolean;

  constructor(quiet: boolean) {
    super("interrupted");
    this.quiet = quiet;
  }
}

const signals = ["SIGINT", "SIGTERM"] as const;

/** Aborts at the first signal, so that what is open can be closed; a second one ends the process at once. */
export async function untilInterrupted<Result>(work: (interrupted: AbortSignal) => Promise<Result>): Promise<Result> {
  const interruption = new AbortController();
  const interrupt = () => {
    if (interruption.signal.aborted) process.exit(exitCodes.interrupted);
    interruption.abort(new Interrupted(false));
  };
  const hangUp = ({ code }: NodeJS.ErrnoException) => {
    if (code === "EPIPE") interruption.abort(new Interrupted(true));
  };
  // Not `once`: signal-exit, which log-update brings, ends the process when it finds no other listener left.
  for (const signal of signals) process.on(signal, interrupt);
  process.stdout.on("error", hangUp);
  try {
    return await work(interruption.signal);
  } finally {
    for (const signal of signals) process.removeListener(signal, interrupt);
    process.stdout.removeListener("error", hangUp);
  }
}
