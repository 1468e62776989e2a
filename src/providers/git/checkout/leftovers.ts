import { fairlead } from "../../../domain/identity.ts";
import { type Checkout, gitIn, gitOutputIn } from "../calls/checkout-git.ts";
import { supersededBy } from "./superseded.ts";

/** A commit of a checkout that is not the parent of another commit there. */
export interface Tip {
  readonly commit: string;
  /** The ref, stash or worktree that it was found by, as the last part of a branch's name: `stash-1`, `commit-1a2b3c4d`. */
  readonly name: string;
  /** The first line of its message. */
  readonly subject: string;
  /** True: an amended commit or a rebase has taken its place. */
  readonly isSuperseded: boolean;
}

/** Commits whose histories were not made in a checkout. */
export interface Known {
  /** The commit that the branch began with, and the one that was pushed. */
  readonly commits: readonly string[];
  /** The tips of the remote's branches, as last fetched; null: it is not known what its remote is. */
  readonly remote: readonly string[] | null;
}

/**
 * All tips of a checkout: of branches, stashes, tags, detached heads, worktrees and the reflog. Without commits that were
 * fetched from a remote or are known.
 */
export async function tipsOf(checkout: Checkout, { commits: known, remote }: Known): Promise<Tip[]> {
  const below = await thoseThere(checkout, known);
  const commits = [
    ...(await commitsIn(checkout, ["--all", "--reflog", "HEAD", "--not", "--remotes", ...below])),
    ...(remote === null ? [] : await pushedElsewhere(checkout, [...below, ...remote])),
  ];
  if (commits.length === 0) return [];
  const inner = new Set(commits.flatMap(({ parents }) => parents));
  const names = await namesOf(checkout);
  const superseded = await supersededBy(checkout);
  const tips = [...new Map(commits.map((listed) => [listed.commit, listed])).values()].flatMap(
    ({ commit, subject }) => {
      if (inner.has(commit)) return [];
      const name = names.get(commit);
      return [
        {
          commit,
          subject,
          name: name ?? `commit-${commit.slice(0, 8)}`,
          isSuperseded: name === undefined && superseded.has(commit),
        },
      ];
    },
  );
  return withOwnNames(tips);
}

/** An annotated tag, whose message is in no commit. */
export interface AnnotatedTag {
  readonly name: string;
  /** The name of the tag object. */
  readonly object: string;
  readonly subject: string;
}

/** The annotated tags whose tagger is an agent, of this checkout or of an earlier one. */
export async function tagsMade(checkout: Checkout): Promise<AnnotatedTag[]> {
  const format = "--format=%(objecttype) %(objectname) %(taggeremail) %(refname:lstrip=2)%00%(subject)";
  const listed = await gitOutputIn(checkout, ["for-each-ref", format, "refs/tags/"]);
  return listed.split("\n").flatMap((line) => {
    const [, object, email, name, subject] = /^tag (\S+) <(.*?)> ([^\0]+)\0(.*)$/s.exec(line) ?? [];
    if (object === undefined || name === undefined || email !== fairlead.email) return [];
    return [{ name, object, subject: subject ?? "" }];
  });
}

interface Listed {
  readonly commit: string;
  readonly parents: readonly string[];
  readonly subject: string;
}

async function commitsIn(checkout: Checkout, range: readonly string[], stdin = ""): Promise<Listed[]> {
  const args = ["log", "--max-count=20000", "--format=%H %P%x00%s", ...range, "--stdin"];
  const listed = await gitOutputIn(checkout, args, { stdin });
  return listed.split("\n").flatMap((line) => {
    const [names = "", subject = ""] = line.split("\0");
    const [commit = "", ...parents] = names.split(" ");
    return commit === "" ? [] : [{ commit, parents, subject }];
  });
}

/**
 * Commits of an agent that it pushed elsewhere, to a remote that it added or to another address of `origin`. What it only fetched
 * from there has another committer.
 */
async function pushedElsewhere(checkout: Checkout, below: readonly string[]): Promise<Listed[]> {
  const agents = ["--fixed-strings", `--committer=<${fairlead.email}>`];
  const stdin = below.map((commit) => `^${commit}\n`).join("");
  return await commitsIn(checkout, ["--ignore-missing", ...agents, "--all", "--reflog", "HEAD"], stdin);
}

/** Each name once, whatever case it is in: otherwise one would be saved over another. */
function withOwnNames(tips: readonly Tip[]): Tip[] {
  const byName = Map.groupBy(tips, ({ name }) => name.toLowerCase());
  return tips.map((tip) => {
    const isAlone = byName.get(tip.name.toLowerCase())?.length === 1;
    return isAlone ? tip : { ...tip, name: `${tip.name}-${tip.commit.slice(0, 12)}` };
  });
}

async function thoseThere(checkout: Checkout, commits: readonly string[]): Promise<string[]> {
  if (commits.length === 0) return [];
  const stdin = commits.map((commit) => `${commit}\n`).join("");
  const listed = await gitOutputIn(checkout, ["cat-file", "--batch-check=%(objectname) %(objecttype)"], { stdin });
  return listed.split("\n").flatMap((line) => (line.endsWith(" commit") ? [line.slice(0, -" commit".length)] : []));
}

/** By commit, the name of the ref, stash or worktree that points to it. */
async function namesOf(checkout: Checkout): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  const add = (commit: string | undefined, name: string) => {
    if (commit !== undefined && !names.has(commit)) names.set(commit, asPart(name));
  };
  const stashes = await gitIn(checkout, ["log", "--walk-reflogs", "--format=%H", "refs/stash", "--"]);
  const stashed = stashes.code === 0 ? stashes.stdout.split("\n").filter(Boolean) : [];
  for (const [index, commit] of stashed.entries()) add(commit, `stash-${index + 1}`);
  const refs = await gitOutputIn(checkout, ["for-each-ref", "--format=%(objectname) %(refname)"]);
  for (const line of refs.split("\n")) {
    const [, commit, ref] = /^([0-9a-f]+) refs\/(?!remotes\/|fairlead\/|stash$)(?:heads\/)?(.+)$/.exec(line) ?? [];
    if (ref !== undefined) add(commit, ref);
  }
  const worktrees = await gitIn(checkout, ["worktree", "list", "--porcelain"]);
  for (const [, commit] of worktrees.stdout.matchAll(/^HEAD ([0-9a-f]+)$/gm))
    add(commit, `detached-${commit?.slice(0, 8)}`);
  return names;
}

/** A name that is valid as one part of a branch's name. */
export function asPart(name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9_.]+/g, "-").replaceAll(/\.{2,}/g, ".");
  return (
    plain
      .replace(/^[-.]+/, "")
      .slice(0, 60)
      .replace(/(\.lock|[-.])+$/, "") || "work"
  );
}
