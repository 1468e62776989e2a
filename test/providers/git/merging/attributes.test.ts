import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, onTestFinished, test, vi } from "vitest";
import type { MergeRequest } from "../../../../src/providers/git/port.ts";
import { openRepository } from "../../../../src/providers/git/repository.ts";
import { author, changeId, commit, git, makeWorld, pushChange, type World } from "../support.ts";

const branch = "change/attributes";
const never = new AbortController().signal;
type Files = Readonly<Record<string, string>>;

interface Case {
  readonly what: string;
  readonly base: Files;
  readonly ours: Files;
  readonly theirs: Files;
  /** What both have to come to: the text of a file, or the files in conflict. */
  readonly expected: Files | readonly string[];
}

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, n) => `line ${n + from}\n`).join("");

const cases: readonly Case[] = [
  {
    what: "lines that both added where merge=union is set",
    base: { ".gitattributes": "CHANGELOG.md merge=union\n", "CHANGELOG.md": "# Changes\n" },
    ours: { "CHANGELOG.md": "# Changes\n- ours\n" },
    theirs: { "CHANGELOG.md": "# Changes\n- theirs\n" },
    expected: { "CHANGELOG.md": "# Changes\n- theirs\n- ours\n" },
  },
  {
    what: "changes far from each other in a file with -merge",
    base: { ".gitattributes": "*.lock -merge\n", "a.lock": numbered(1, 20) },
    ours: { "a.lock": `ours\n${numbered(1, 20)}` },
    theirs: { "a.lock": `${numbered(1, 20)}theirs\n` },
    expected: ["a.lock"],
  },
  {
    what: "the same in a file that is said to be binary",
    base: { ".gitattributes": "*.svg binary\n", "a.svg": numbered(1, 20) },
    ours: { "a.svg": `ours\n${numbered(1, 20)}` },
    theirs: { "a.svg": `${numbered(1, 20)}theirs\n` },
    expected: ["a.svg"],
  },
  {
    what: "attributes in a folder, which go before those at the top",
    base: { ".gitattributes": "*.txt -merge\n", "docs/.gitattributes": "*.txt merge=union\n", "docs/a.txt": "a\n" },
    ours: { "docs/a.txt": "a\nours\n" },
    theirs: { "docs/a.txt": "a\ntheirs\n" },
    expected: { "docs/a.txt": "a\ntheirs\nours\n" },
  },
  {
    what: "attributes by a macro of the repository's",
    base: { ".gitattributes": "[attr]log merge=union\nNEWS log\n", NEWS: "news\n" },
    ours: { NEWS: "news\nours\n" },
    theirs: { NEWS: "news\ntheirs\n" },
    expected: { NEWS: "news\ntheirs\nours\n" },
  },
  {
    what: "a driver that nobody has defined",
    base: { ".gitattributes": "*.po merge=merge-po-files\n", "a.po": numbered(1, 20) },
    ours: { "a.po": `ours\n${numbered(1, 20)}` },
    theirs: { "a.po": `${numbered(1, 20)}theirs\n` },
    expected: { "a.po": `ours\n${numbered(1, 20)}theirs\n` },
  },
  {
    what: "attributes that only the branch has, which count after the merge",
    base: { "CHANGELOG.md": "# Changes\n" },
    ours: { ".gitattributes": "CHANGELOG.md merge=union\n", "CHANGELOG.md": "# Changes\n- ours\n" },
    theirs: { "CHANGELOG.md": "# Changes\n- theirs\n" },
    expected: ["CHANGELOG.md"],
  },
  {
    what: "attributes that the target has got since",
    base: { "CHANGELOG.md": "# Changes\n" },
    ours: { "CHANGELOG.md": "# Changes\n- ours\n" },
    theirs: { ".gitattributes": "CHANGELOG.md merge=union\n", "CHANGELOG.md": "# Changes\n- theirs\n" },
    expected: { "CHANGELOG.md": "# Changes\n- theirs\n- ours\n" },
  },
  {
    what: "line ends that attributes ask for",
    base: { ".gitattributes": "* text=auto\n*.bat eol=crlf\n", "a.bat": numbered(1, 10), "b.txt": "b\n" },
    ours: { "a.bat": `ours\n${numbered(1, 10)}`, "b.txt": "b\r\n" },
    theirs: { "a.bat": `${numbered(1, 10)}theirs\n` },
    expected: { "a.bat": `ours\n${numbered(1, 10)}theirs\n` },
  },
  {
    what: "a conflict with longer markers",
    base: { ".gitattributes": "*.md conflict-marker-size=20\n", "a.md": "a\n" },
    ours: { "a.md": "ours\n" },
    theirs: { "a.md": "theirs\n" },
    expected: ["a.md"],
  },
];

test.each(cases)(
  "a merge comes to what git comes to in a checkout: $what",
  async ({ base, ours, theirs, expected }) => {
    const world = await makeWorld(base);
    const headCommit = await pushChange(world, branch, { ...ours });
    await commit(world.clone, theirs, "Theirs");
    await git(world.clone, "push", "--quiet", "origin", "main");
    const reference = await mergedByGit(world, headCommit);
    const result = await merge(world, headCommit);
    if (Array.isArray(expected)) {
      expect(result).toEqual({ state: "conflict", files: expected });
      expect(reference).toEqual({ conflict: expected });
    } else {
      expect(result).toMatchObject({ state: "merged" });
      expect(reference).toEqual({ tree: await git(world.url, "rev-parse", "main^{tree}") });
      for (const [name, text] of Object.entries(expected)) {
        expect(`${await git(world.url, "show", `main:${name}`)}\n`).toBe(text);
      }
    }
  },
);

test("a merge driver of the user's never runs", async () => {
  const attributes = { ".gitattributes": "*.po merge=touching\n", "a.po": numbered(1, 20) };
  const world = await makeWorld(attributes);
  const headCommit = await pushChange(world, branch, { "a.po": `ours\n${numbered(1, 20)}` });
  await commit(world.clone, { "a.po": `${numbered(1, 20)}theirs\n` }, "Theirs");
  await git(world.clone, "push", "--quiet", "origin", "main");
  const canary = join(world.directory, "ran");
  const config = join(world.directory, "gitconfig");
  await writeFile(config, `[merge "touching"]\n\tdriver = touch ${canary}; false\n`);
  vi.stubEnv("GIT_CONFIG_GLOBAL", config);
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(await merge(world, headCommit)).toMatchObject({ state: "merged" });
  expect(existsSync(canary)).toBe(false);
});

async function merge(world: World, headCommit: string): Promise<unknown> {
  const baseCommit = await git(world.url, "merge-base", "main", headCommit);
  const request = { branch, targetBranch: "main", headCommit, baseCommit, changeId, title: "t", author };
  const whole: MergeRequest = { ...request, stillWanted: async () => true };
  return await openRepository(world).merge(whole, never);
}

/** What a person's git makes of the same merge in a checkout of the target. */
async function mergedByGit(world: World, headCommit: string): Promise<{ tree: string } | { conflict: string[] }> {
  const clone = join(world.directory, "person");
  await git(world.directory, "clone", "--quiet", world.url, clone);
  const options = { cwd: clone, reject: false, env: { GIT_CONFIG_GLOBAL: "/dev/null" } } as const;
  const identity = ["-c", "user.name=Grace", "-c", "user.email=grace@example.org"];
  const { exitCode } = await execa("git", [...identity, "merge", "--no-ff", "-m", "Merge", headCommit], options);
  if (exitCode === 0) return { tree: await git(clone, "rev-parse", "HEAD^{tree}") };
  return { conflict: (await git(clone, "diff", "--name-only", "--diff-filter=U")).split("\n") };
}
