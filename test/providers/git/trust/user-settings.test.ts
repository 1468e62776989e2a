import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { commitAll, headCommit } from "../../../../src/providers/git/checkout/checkout.ts";
import { openRepository } from "../../../../src/providers/git/repository.ts";
import { author, changeId, commit, git, makeWorld, type World, write } from "../support.ts";
import { environmentFor } from "./support.ts";

const branch = "change/settings";
const never = new AbortController().signal;

/** The text of a file that both sides change, so that git has to merge it line by line. */
const first = Array.from({ length: 20 }, (_, n) => `line ${n}\n`).join("");

/** All that is asked of git for a change, as text that must be the same whatever a user has configured. */
async function whatComesOfIt(world: World): Promise<unknown> {
  const environment = await environmentFor(world, branch);
  const repository = openRepository(world);
  const baseCommit = await headCommit(environment);
  await write(environment.checkout, { "stashed.txt": "stashed\n", "Ünï.txt": "ü\n" });
  await environment.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", "stash", "--include-untracked"], {
    timeoutMs: 10_000,
  });
  await write(environment.checkout, { "new name.txt": `ours\n${first}`, "b.bin": "\0\u0001\n" });
  await environment.run(["rm", "text.txt"], { timeoutMs: 10_000 });
  await commitAll(environment, { message: "# a message\n\nthat looks like a comment", author, branch });
  const head = await repository.publish(environment, branch);
  await commit(world.clone, { "text.txt": `${first}theirs\n` }, "Theirs");
  await git(world.clone, "push", "--quiet", "origin", "main");
  const diff = await repository.diff({
    headCommit: head,
    targetBranch: "main",
    baseCommit,
    mergeCommit: null,
    limitBytes: 100_000,
  });
  const standing = await repository.standing({
    branch,
    headCommit: head,
    targetBranch: "main",
    baseCommit,
    made: [head],
    shown: [],
  });
  const request = { branch, targetBranch: "main", headCommit: head, baseCommit, changeId, title: "t", author };
  const merged = await repository.merge({ ...request, stillWanted: async () => true }, never);
  const left = await repository.saveLeftovers(environment, {
    base: baseCommit,
    branch,
    key: "k",
    prefix: "change/saved/k",
  });
  const deleted = await repository.deleteBranch(branch, head);
  return {
    diff: Buffer.from(diff.bytes).toString("latin1"),
    base: standing.base === baseCommit,
    merged: merged.state,
    tree: await git(world.url, "rev-parse", "main^{tree}"),
    parents: (await git(world.url, "log", "-1", "--format=%P", "main")).split(" ").length,
    message: await git(world.url, "log", "-1", "--format=%B%an%ae%GS", head),
    left: left.saved.map(({ name, branch }) => ({ name, branch })),
    stash: await git(world.url, "ls-tree", "-r", "--name-only", "change/saved/k/stash-1^3"),
    deleted,
    refs: await git(world.url, "for-each-ref", "--format=%(refname)"),
  };
}

const odd: Readonly<Record<string, string>> = {
  "what is shown": `[color]\n\tui = always\n[log]\n\tshowSignature = true\n\tdecorate = full\n\tdate = relative
[core]\n\tquotePath = true\n\tpager = false\n\tabbrev = 4\n[column]\n\tui = always\n[format]\n\tpretty = oneline
[diff]\n\tnoprefix = true\n\tmnemonicPrefix = true\n\trenames = false\n\tcontext = 9\n\texternal = false\n\torderFile = /etc/passwd
\tcolorMoved = zebra\n\tinterHunkContext = 9\n\talgorithm = patience\n\trelative = true\n\tsubmodule = log\n[status]\n\tshort = true\n\tbranch = true`,
  "how it merges": `[merge]\n\tff = only\n\tconflictStyle = zdiff3\n\tverifySignatures = true\n\trenames = false\n\tlog = true
[pull]\n\trebase = true\n[rebase]\n\tautoStash = true\n[rerere]\n\tenabled = true\n[branch]\n\tautoSetupMerge = always\n\tautoSetupRebase = always`,
  "how it commits": `[commit]\n\tgpgSign = true\n\tcleanup = strip\n\tverbose = true\n\ttemplate = /nowhere\n[gpg]\n\tprogram = false
[core]\n\tcommentChar = a\n\teditor = false\n\tlogAllRefUpdates = false\n\tautocrlf = true\n\teol = crlf\n\tsafecrlf = true\n\texcludesFile = EXCLUDES
\tattributesFile = ATTRIBUTES\n\thooksPath = HOOKS\n\tfsmonitor = false\n\tuntrackedCache = true\n\tignoreCase = true\n[user]\n\tuseConfigOnly = true\n[i18n]\n\tcommitEncoding = latin1\n\tlogOutputEncoding = latin1`,
  "how it talks": `[push]\n\tfollowTags = true\n\tgpgSign = if-asked\n\tdefault = nothing\n\trecurseSubmodules = check\n\tautoSetupRemote = true\n\tuseForceIfIncludes = true
[fetch]\n\tprune = true\n\tpruneTags = true\n\trecurseSubmodules = true\n\twriteCommitGraph = true\n\tfsckObjects = true\n[remote]\n\tpushDefault = elsewhere
[remote "origin"]\n\turl = /nowhere\n\tpushurl = /nowhere\n\tmirror = true\n\tfetch = +refs/*:refs/*\n[transfer]\n\tcredentialsInUrl = die\n\tfsckObjects = true
[protocol]\n\tversion = 0\n[submodule]\n\trecurse = true\n[safe]\n\tbareRepository = explicit\n[gc]\n\tauto = 1\n[maintenance]\n\tauto = true\n[init]\n\tdefaultBranch = odd\n\ttemplateDir = HOOKS`,
  aliases:
    "[alias]\n\tdiff = !false\n\tcommit = !false\n\tmerge = !false\n\tpush = !false\n[include]\n\tpath = /nowhere\n[advice]\n\tdetachedHead = true\n[pager]\n\tlog = false\n[help]\n\tautoCorrect = immediate",
};

async function world(): Promise<World> {
  const made = await makeWorld({ "text.txt": first });
  await git(made.clone, "tag", "--annotate", "--message", "v", "v1");
  return made;
}

let plain: unknown;
/** What comes of it where nothing is configured. Each file of tests asks once. */
async function whatIsExpected(): Promise<unknown> {
  plain ??= await whatComesOfIt(await world());
  return plain;
}

test.each(Object.entries(odd))(
  "a user's settings for %s change nothing of what Fairlead makes",
  async (_what, text) => {
    const expected = await whatIsExpected();
    const made = await world();
    const paths = { EXCLUDES: "excludes", ATTRIBUTES: "attributes", HOOKS: "template" };
    await write(made.directory, {
      excludes: "*.bin\n*.txt\n",
      attributes: "*.txt -diff merge=binary\n*.bin filter=never\n",
      "template/hooks/pre-commit": "#!/bin/sh\nexit 1\n",
      "template/pre-commit": "#!/bin/sh\nexit 1\n",
    });
    const config = join(made.directory, "gitconfig");
    const whole = Object.entries(paths).reduce(
      (done, [name, file]) => done.replaceAll(name, join(made.directory, file)),
      text,
    );
    await writeFile(config, `${whole}\n`);
    for (const name of ["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"]) vi.stubEnv(name, config);
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(await whatComesOfIt(made)).toEqual(expected);
  },
);

test("nor do the files that git reads from a user's configuration folder without being told", async () => {
  const expected = await whatIsExpected();
  const made = await world();
  await write(made.directory, {
    // Not the files that the stash is made of: that is made by an agent, whose git is the user's.
    "config/git/ignore": "*.bin\nnew*\n",
    "config/git/attributes": "*.txt -diff merge=binary\n*.bin filter=never\n",
    "config/git/config": "[core]\n\tautocrlf = true\n",
  });
  for (const [name, value] of Object.entries({
    XDG_CONFIG_HOME: join(made.directory, "config"),
    HOME: made.directory,
  })) {
    vi.stubEnv(name, value);
  }
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(await whatComesOfIt(made)).toEqual(expected);
});

test("variables of the server, as it has them when it is started by a hook, change nothing either", async () => {
  const expected = await whatIsExpected();
  const made = await world();
  const variables = {
    ...{ GIT_DIR: "/nowhere", GIT_WORK_TREE: "/nowhere", GIT_INDEX_FILE: "/nowhere/index", GIT_PREFIX: "src/" },
    ...{ GIT_OBJECT_DIRECTORY: "/nowhere", GIT_ALTERNATE_OBJECT_DIRECTORIES: "/nowhere", GIT_NAMESPACE: "odd" },
    ...{
      GIT_EXTERNAL_DIFF: "false",
      GIT_DIFF_OPTS: "-u9",
      GIT_PAGER: "false",
      GIT_EDITOR: "false",
      GIT_LITERAL_PATHSPECS: "1",
    },
    ...{
      GIT_AUTHOR_NAME: "Odd",
      GIT_COMMITTER_NAME: "Odd",
      GIT_AUTHOR_DATE: "1 +0000",
      GIT_QUARANTINE_PATH: "/nowhere",
    },
    ...{
      GIT_DEFAULT_HASH: "sha256",
      GIT_CEILING_DIRECTORIES: "/",
      GIT_NO_REPLACE_OBJECTS: "1",
      GIT_CONFIG: "/nowhere",
    },
    ...{
      LANG: "de_DE.UTF-8",
      LANGUAGE: "de",
      LC_ALL: "de_DE.UTF-8",
      GIT_TRACE: "1",
      GIT_TRACE2: "1",
      GIT_PROTOCOL: "version=0",
    },
  };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(await whatComesOfIt(made)).toEqual(expected);
});
