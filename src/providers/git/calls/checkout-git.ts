import { dirname, join } from "node:path/posix";
import { CheckoutBroken } from "../../../domain/faults/git.ts";
import type { Environment, Ran } from "../../environments/port.ts";
import { complaint } from "./complaint.ts";
import { fixedSettings, fixedVariables, localVariables } from "./fixed-settings.ts";
import { lfsFilter } from "./lfs-filter.ts";
import { pause } from "./pause.ts";

/** What git needs of an environment: a way to run it in the checkout, wherever that is. */
export interface Checkout extends Pick<Environment, "checkout" | "commonDirectory" | "run"> {
  /** The repository's folder; left out, the `.git` in the checkout. That of a submodule is elsewhere. */
  readonly gitDir?: string;
}

export const gitDirOf = ({ checkout, gitDir }: Checkout): string => gitDir ?? join(checkout, ".git");

export interface CheckoutGitOptions {
  readonly stdin?: string;
  readonly timeoutMs?: number;
  readonly variables?: Readonly<Record<string, string>>;
}

/**
 * Runs git in the checkout, with the configuration, hooks and attributes of the environment's common directory instead of
 * those in the checkout's `.git`, which an agent can write. It talks to no remote. A non-zero exit is a result.
 */
export async function gitIn(
  checkout: Checkout,
  args: readonly string[],
  options: CheckoutGitOptions = {},
): Promise<Ran> {
  const { stdin, timeoutMs = 300_000, variables = {} } = options;
  const own = { ...fixedVariables, ...localVariables, ...(await placeOf(checkout)) };
  for (let attempt = 1; ; attempt++) {
    const ran = await checkout.run(
      ["git", ...fixedSettings, ...(await lfsFilter(join(gitDirOf(checkout), "lfs"))), ...args],
      {
        timeoutMs,
        variables: { ...own, ...variables },
        ...(stdin === undefined ? {} : { stdin }),
      },
    );
    const lock = /Unable to create '([^'\n]+\.lock)': File exists/.exec(ran.output)?.[1];
    if (ran.code === 0 || lock === undefined || attempt === 3 * looks) return ran;
    await waitOut(checkout, lock, attempt);
  }
}

/**
 * The variables that name the repository. In a folder of a user's own, git searches for one; the ceiling stops the search at that
 * folder, so that a repository around it is not used.
 */
async function placeOf(checkout: Checkout): Promise<Record<string, string>> {
  const common = await checkout.commonDirectory();
  if (common === null) return { GIT_CEILING_DIRECTORIES: dirname(checkout.checkout) };
  return { GIT_DIR: gitDirOf(checkout), GIT_COMMON_DIR: common, GIT_WORK_TREE: checkout.checkout };
}

/** Runs git where only exit status 0 will do, and gives its output. Throws `CheckoutBroken`. */
export async function gitOutputIn(
  checkout: Checkout,
  args: readonly string[],
  options: CheckoutGitOptions = {},
): Promise<string> {
  const ran = await gitIn(checkout, args, options);
  if (ran.code !== 0) throw broken(args[0] ?? "", ran);
  return ran.stdout.trimEnd();
}

export function broken(doing: string, ran: Ran): CheckoutBroken {
  return new CheckoutBroken(doing, ran.code === null ? "git was killed" : complaint({ stderr: ran.output }));
}

const looks = 10;
const betweenLooksMs = 200;

/**
 * A lock that outlives two seconds belongs to a git that was killed with its agent. A younger one may be that of
 * another worker, which was thought dead and is saving the same work, and would be left with a broken index.
 */
async function waitOut(checkout: Checkout, lock: string, attempt: number): Promise<void> {
  if (attempt % looks !== 0) await pause(betweenLooksMs);
  else await checkout.run(["rm", "-f", "--", lock], { timeoutMs: 30_000 });
}
