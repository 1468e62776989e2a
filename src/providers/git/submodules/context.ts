import type { Reach } from "../hosts.ts";

/** What it takes to reach the submodules of a repository. */
export interface SubmoduleContext {
  /** Fairlead's data folder. */
  readonly home: string;
  readonly reach: Reach;
}
