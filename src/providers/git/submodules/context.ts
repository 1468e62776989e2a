import type { Reach } from "../hosts.ts";

/** What is needed to open the mirrors of a repository's submodules. */
export interface SubmoduleContext {
  /** Fairlead's data folder. */
  readonly home: string;
  readonly reach: Reach;
}
