import { dirname } from "node:path/posix";
import { CheckoutBroken } from "../../../domain/faults/git.ts";
import type { Environment, Ran } from "../../environments/port.ts";
import { complaint, quietly, safeguards } from "./git.ts";
import { pause } from "./pause.ts";

/** What git needs of an environment: a way to run it in the checkout, wherever that is. */
export type Checkout = Pick<Environment, "checkout" | "run">;

export interface CheckoutGitOptions {
  readonly stdin?: string;
  readonly timeoutMs?: number;
  readonly variables?: Readonly<Record<string, string>>;
}

/** Runs git in the checkout. A non-zero exit is a result. */
export async function gitIn(
  checkout: Checkout,
  args: readonly string[],
  options: CheckoutGitOptions = {},
): Promise<Ran> {
  const { stdin, timeoutMs = 300_000, variables = {} } = options;
  // Without the ceiling, a checkout whose .git is gone would have git work in whatever repository lies around it.
  const ceiling = { GIT_CEILING_DIRECTORIES: dirname(checkout.checkout) };
  for (let attempt = 1; ; attempt++) {
    const ran = await checkout.run(["git", ...safeguards, ...args], {
      timeoutMs,
      variables: { ...(await quietly()), ...ceiling, GIT_EDITOR: "true", ...variables },
      ...(stdin === undefined ? {} : { stdin }),
    });
    const lock = /Unable to create '([^'\n]+\.lock)': File exists/.exec(ran.output)?.[1];
    if (ran.code === 0 || lock === undefined || attempt === 3 * looks) return ran;
    await waitOut(checkout, lock, attempt);
  }
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
