import { randomUUID } from "node:crypto";
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import type { Ran } from "../../environments/port.ts";
import { broken, type Checkout, gitIn, gitOutputIn } from "../calls/checkout-git.ts";

const commandTimeoutMs = 60_000;

/** Stages all that is not ignored, with what is in repositories that the agent made inside the checkout. */
export async function stageAll(checkout: Checkout): Promise<void> {
  await lookAtAll(checkout);
  const leftOut = new Set<string>();
  for (let round = 1; ; round++) {
    const excluded = [...leftOut].map((path) => `:(top,exclude,literal)${path}`);
    const ran = await gitIn(checkout, ["add", "--all", "--", ".", ...excluded]);
    const nested = nestedRepositories(ran).filter((path) => !leftOut.has(path));
    if (ran.code === 0 && nested.length === 0) return;
    if (nested.length === 0 || round === 20) throw broken("stage what the agent left", ran);
    for (const path of nested) {
      if (!(await takeIn(checkout, path))) leftOut.add(path);
    }
  }
}

/**
 * Takes back `--assume-unchanged` and `--skip-worktree` of files that are there: git would not look at them, and the preview
 * would show what is not committed.
 */
async function lookAtAll(checkout: Checkout): Promise<void> {
  const listed = await gitOutputIn(checkout, ["ls-files", "-v", "-z"]);
  const unseen = listed.split("\0").flatMap((line) => (/^(?:[a-z]|S) /.test(line) ? [line.slice(2)] : []));
  const there: string[] = [];
  for (const path of unseen) {
    // One that a sparse checkout has left out is not there, and is not deleted.
    const isThere = await lstat(join(checkout.checkout, path)).then(
      () => true,
      () => false,
    );
    if (isThere) there.push(path);
  }
  if (there.length === 0) return;
  const stdin = there.map((path) => `${path}\0`).join("");
  for (const bit of ["--no-assume-unchanged", "--no-skip-worktree"]) {
    await gitOutputIn(checkout, ["update-index", bit, "-z", "--stdin"], { stdin });
  }
}

/** git would store such a folder as a bare commit name that nobody can fetch, or stop altogether when it has none. */
function nestedRepositories(ran: Ran): string[] {
  const said = /adding embedded git repository: (.+)|'(.+?)\/?' does not have a commit checked out/g;
  return [...ran.output.matchAll(said)].map(([, added, refused]) => (added ?? refused ?? "").replace(/\/$/, ""));
}

/**
 * Makes a nested repository's files plain files of the checkout, keeping its `.git` aside. False when it is a worktree
 * of another repository, whose files belong there.
 */
async function takeIn(checkout: Checkout, path: string): Promise<boolean> {
  await gitIn(checkout, [
    "rm",
    "--cached",
    "--quiet",
    "--force",
    "-r",
    "--ignore-unmatch",
    "--",
    `:(top,literal)${path}`,
  ]);
  const repository = `./${path}/.git`;
  const isFolder = (await checkout.run(["test", "-d", repository], { timeoutMs: commandTimeoutMs })).code === 0;
  if (!isFolder) return false;
  const aside = `${await gitOutputIn(checkout, ["rev-parse", "--absolute-git-dir"])}/nested-${randomUUID()}`;
  const moved = await checkout.run(["mv", "--", repository, aside], { timeoutMs: commandTimeoutMs });
  return moved.code === 0;
}
