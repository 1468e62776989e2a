/** A command as an argument array: no shell reads it, so nothing in it is ever interpreted. */
export type Command = readonly [program: string, ...args: string[]];

/** How a repository's app is set up, started and checked. `null`: there is nothing to do, or nothing was found. */
export interface Blueprint {
  /** Run once in a new environment, e.g. `["npm", "ci"]`. */
  readonly setup: Command | null;
  /** Keeps running and serves the preview; it gets the port to listen on as `PORT`. */
  readonly start: Command | null;
  /** Proves a change, e.g. `["npm", "test"]`. */
  readonly check: Command | null;
  /** A port the app insists on; `null` means that it listens where `PORT` says. */
  readonly port: number | null;
  /** Where each of these came from, in words to show: `.fairlead.json`, `workspace`, `package-lock.json`, `next`, … */
  readonly source: string;
}

/** What somebody wrote down. A field that is absent is left to the next source; `null` means that there is nothing. */
export interface BlueprintSettings {
  readonly setup?: Command | null | undefined;
  readonly start?: Command | null | undefined;
  readonly check?: Command | null | undefined;
  readonly port?: number | null | undefined;
}
