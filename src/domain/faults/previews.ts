import { Fault } from "../fault.ts";

export class PreviewNotAnswering extends Fault {
  readonly code = "PREVIEW_NOT_ANSWERING";
  readonly kind = "unavailable";

  /** `last` is what the last request came to: `status 500`, `connection refused`. */
  constructor(url: string, afterMs: number, last: string) {
    super(
      `The app did not answer at ${url} within ${Math.round(afterMs / 1000)} s (${last}). ` +
        "Read the preview's log, and see that the start command listens on the port in PORT.",
      { url, last },
    );
  }
}

export class PreviewExited extends Fault {
  readonly code = "PREVIEW_EXITED";
  readonly kind = "unavailable";

  constructor(url: string) {
    super(`The app ended before it answered at ${url}. Read the preview's log for why, and check the start command.`, {
      url,
    });
  }
}

export class BlueprintInvalid extends Fault {
  readonly code = "BLUEPRINT_INVALID";
  readonly kind = "invalid";

  constructor(where: string, why: string) {
    super(`${where} can't be used: ${why}. It takes "setup", "start" and "check" (commands) and "port" (a number).`, {
      where,
    });
  }
}
