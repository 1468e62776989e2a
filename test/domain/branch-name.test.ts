import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { branchName, isBranchName } from "../../src/domain/branch-name.ts";

const changeId = "01JCXW5Z8Q4N7T2R6V9B3K1M0P";
const texts = fc.oneof(
  fc.string({ unit: "binary", maxLength: 120 }),
  fc.string({ unit: "grapheme", maxLength: 120 }),
  fc.string({
    unit: fc.constantFrom(..."a/.-@{}~^:?*[\\ \t\n\0é\u202e\ud800".split(""), ".lock", "..", "HEAD"),
    maxLength: 60,
  }),
);

/** git's own word, for as many names as fit into one command line. */
function gitTakes(name: string): boolean {
  try {
    return (
      execFileSync("git", ["check-ref-format", "--branch", name], { encoding: "utf8", stdio: "pipe" }).trim() === name
    );
  } catch {
    return false;
  }
}

test.each([
  ["Add a loading spinner", "change/add-a-loading-spinner-9b3k1m0p"],
  ["Größe & Café: naïve!", "change/gro-e-cafe-naive-9b3k1m0p"],
  ["🚀🚀", "change/9b3k1m0p"],
  ["日本語", "change/9b3k1m0p"],
  ["", "change/9b3k1m0p"],
  ["--force ../../x.lock@{1}", "change/force-x-lock-1-9b3k1m0p"],
  [`${"word ".repeat(30)}`, "change/word-word-word-word-word-word-word-word-word-word-9b3k1m0p"],
])("%j becomes a branch that says it", (text, name) => {
  expect(branchName(text, changeId)).toBe(name);
});

test("any text becomes a name of ASCII letters, digits and single dashes, at most 66 long", () => {
  fc.assert(
    fc.property(texts, (text) => {
      const name = branchName(text, changeId);
      expect(name).toMatch(/^change\/(?:[a-z0-9]+-)*9b3k1m0p$/);
      expect(name.length).toBeLessThanOrEqual("change/".length + 50 + 1 + 8);
      expect(isBranchName(name)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test("git takes the name of any text", { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(texts, (text) => gitTakes(branchName(text, changeId))),
    { numRuns: 100 },
  );
});

test("a name we take as a branch is one that git takes", { timeout: 60_000 }, () => {
  const pieces = fc.constantFrom(
    "a",
    "B",
    "0",
    "/",
    ".",
    "-",
    "@",
    "{",
    "~",
    "^",
    ":",
    "?",
    "*",
    "[",
    "\\",
    " ",
    "é",
    "lock",
  );
  const names = fc.string({ unit: pieces, minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(names, (name) => {
      if (isBranchName(name)) expect(gitTakes(name)).toBe(true);
    }),
    { numRuns: 400 },
  );
});

test.each(["main", "feature/x", "release-1.2", "a@b", "é", "日本", "a/b/c", "v1.lock2", "-".padStart(2, "a")])(
  "%j is a branch name",
  (name) => {
    expect(isBranchName(name)).toBe(true);
    expect(gitTakes(name)).toBe(true);
  },
);

test.each([
  ...["", "-x", "--upload-pack=x", "a b", "a..b", "a.lock", "a.lock/b", ".a", "a/.b", "a.", "/a", "a/", "a//b"],
  ...["@", "HEAD", "@{1}", "a@{b", "a~1", "a^", "a:b", "a?", "a*", "a[b", "a\\b", "a\nb", "a\0b", "a\u007f", "\ud800"],
])("%j is no branch name", (name) => {
  expect(isBranchName(name)).toBe(false);
});
