import { existsSync } from "node:fs";
import { appendFile, chmod, cp, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import type { Environment } from "../../../../src/providers/environments/port.ts";
import {
  changedSince,
  commitAll,
  countCommitsSince,
  headCommit,
} from "../../../../src/providers/git/checkout/checkout.ts";
import { commitsMade, rewrittenBelow } from "../../../../src/providers/git/checkout/history.ts";
import { bringBack, putBack } from "../../../../src/providers/git/checkout/put-back.ts";
import { rebaseOnto } from "../../../../src/providers/git/checkout/rebase.ts";
import { openRepository } from "../../../../src/providers/git/repository.ts";
import { author, git, makeWorld, type World, write } from "../support.ts";
import { environmentFor } from "./support.ts";

const branch = "change/hostile";

interface Trap {
  readonly what: string;
  /** Sets a trap that runs `canary` when git goes by it. */
  readonly set: (place: Environment, canary: string) => Promise<void>;
  /** True when it runs nothing, and only leads git astray. */
  readonly isSilent?: boolean;
}

const configure =
  (...settings: readonly (readonly [key: string, value: string])[]) =>
  async ({ checkout }: Environment, canary: string) => {
    for (const [key, value] of settings) await git(checkout, "config", key, value.replaceAll("CANARY", canary));
  };

const everyHook = [
  ...["applypatch-msg", "pre-applypatch", "pre-commit", "prepare-commit-msg", "commit-msg", "post-commit"],
  ...[
    "pre-rebase",
    "post-checkout",
    "post-merge",
    "pre-push",
    "pre-merge-commit",
    "post-rewrite",
    "sendemail-validate",
  ],
  ...["reference-transaction", "post-index-change", "pre-auto-gc", "fsmonitor-watchman", "pre-receive", "update"],
];

const traps: readonly Trap[] = [
  {
    what: "filters",
    async set(place, canary) {
      const ways = ["clean", "smudge", "process"].map((way) => [`filter.x.${way}`, "CANARY"] as const);
      await configure(
        ...ways,
        ["filter.lfs.clean", "CANARY"],
        ["filter.lfs.process", "CANARY"],
        ["filter.x.required", "true"],
      )(place, canary);
      await write(place.checkout, { ".gitattributes": "*.txt filter=x\n*.bin filter=lfs\n" });
    },
  },
  {
    what: "drivers for diffs and merges",
    async set(place, canary) {
      await configure(
        ["diff.x.command", "CANARY"],
        ["diff.x.textconv", "CANARY"],
        ["diff.external", "CANARY"],
        ["merge.x.driver", "CANARY"],
      )(place, canary);
      await write(place.checkout, { ".gitattributes": "* diff=x merge=x\n" });
    },
  },
  {
    what: "attributes that no commit has",
    async set(place, canary) {
      await configure(["filter.x.clean", "CANARY"], ["core.attributesFile", join(place.checkout, "attributes")])(
        place,
        canary,
      );
      await write(place.checkout, { ".git/info/attributes": "* filter=x\n", attributes: "* filter=x\n" });
    },
  },
  {
    what: "a file system monitor, an editor, a pager and a signer",
    set: configure(
      ["core.fsmonitor", "CANARY"],
      ["core.editor", "CANARY"],
      ["sequence.editor", "CANARY"],
      ["core.pager", "CANARY"],
      ["gpg.program", "CANARY"],
      ["commit.gpgSign", "true"],
      ["tag.gpgSign", "true"],
    ),
  },
  {
    what: "hooks",
    async set({ checkout }, canary) {
      await mkdir(join(checkout, ".git/hooks"), { recursive: true });
      for (const name of everyHook) await symlink(canary, join(checkout, ".git/hooks", name));
    },
  },
  {
    what: "hooks elsewhere",
    async set(place, canary) {
      await mkdir(join(place.checkout, "hooks"));
      for (const name of everyHook) await symlink(canary, join(place.checkout, "hooks", name));
      await configure(["core.hooksPath", join(place.checkout, "hooks")])(place, canary);
    },
  },
  {
    what: "included configuration",
    async set(place, canary) {
      await write(place.checkout, {
        "config.inc": `[core]\n\tfsmonitor = ${canary}\n[credential]\n\thelper = ${canary}\n`,
      });
      await configure(
        ["include.path", join(place.checkout, "config.inc")],
        ["includeIf.gitdir:/.path", join(place.checkout, "config.inc")],
      )(place, canary);
    },
  },
  {
    what: "configuration of a worktree",
    async set(place, canary) {
      await configure(["core.repositoryFormatVersion", "1"], ["extensions.worktreeConfig", "true"])(place, canary);
      await write(place.checkout, { ".git/config.worktree": `[core]\n\tfsmonitor = ${canary}\n` });
    },
  },
  {
    what: "ways to other remotes",
    set: configure(
      ["remote.origin.url", "ext::CANARY"],
      ["remote.origin.pushurl", "ext::CANARY"],
      ["remote.origin.uploadpack", "CANARY"],
      ["remote.origin.receivepack", "CANARY"],
      ["remote.origin.vcs", "ext"],
      ["url.ext::CANARY .insteadOf", "/"],
      ["url.ext::CANARY .pushInsteadOf", "/"],
      ["core.sshCommand", "CANARY"],
      ["core.gitProxy", "CANARY"],
      ["core.askPass", "CANARY"],
      ["credential.helper", "!CANARY"],
      ["protocol.ext.allow", "always"],
      ["uploadpack.packObjectsHook", "CANARY"],
      ["core.alternateRefsCommand", "CANARY"],
      ["extensions.partialClone", "origin"],
      ["remote.origin.promisor", "true"],
    ),
  },
  {
    what: "aliases, submodule commands and trailers",
    async set(place, canary) {
      await configure(
        ["alias.add", "!CANARY"],
        ["alias.own", "!CANARY"],
        ["submodule.x.update", "!CANARY"],
        ["trailer.x.command", "CANARY"],
        ["interactive.diffFilter", "CANARY"],
        ["mergetool.x.cmd", "CANARY"],
        ["log.showSignature", "true"],
      )(place, canary);
    },
  },
  {
    what: "LFS extensions and transfer agents",
    async set(place, canary) {
      const settings = `[lfs "customtransfer.x"]\n\tpath = ${canary}\n[lfs]\n\tstandalonetransferagent = x\n`;
      const extension = `[lfs "extension.x"]\n\tclean = ${canary}\n\tsmudge = ${canary}\n\tpriority = 0\n`;
      await appendFile(join(place.checkout, ".git/config"), settings + extension);
      await write(place.checkout, {
        ".lfsconfig": settings,
        ".gitattributes": "*.bin filter=lfs -text\n",
        "new.bin": "new\n",
      });
    },
  },
  {
    what: "a common directory of its own",
    async set({ checkout }, canary) {
      const common = join(dirname(checkout), "state/common");
      await git("/", "clone", "--quiet", "--bare", checkout, common);
      await git(common, "config", "core.fsmonitor", canary);
      await writeFile(join(checkout, ".git/commondir"), `${common}\n`);
    },
  },
  {
    what: "a `.git` that leads elsewhere",
    async set({ checkout }, canary) {
      const other = join(dirname(checkout), "state/other");
      await git("/", "clone", "--quiet", checkout, other);
      await git(other, "config", "core.fsmonitor", canary);
      await rm(join(checkout, ".git"), { recursive: true });
      await writeFile(join(checkout, ".git"), `gitdir: ${other}/.git\n`);
    },
  },
  {
    what: "a `.git` that is a link",
    async set({ checkout }, canary) {
      const other = join(dirname(checkout), "state/other");
      await git("/", "clone", "--quiet", checkout, other);
      await git(other, "config", "core.fsmonitor", canary);
      await rm(join(checkout, ".git"), { recursive: true });
      await symlink(join(other, ".git"), join(checkout, ".git"));
    },
  },
  {
    what: "a repository in a folder, whose settings are its own",
    async set({ checkout }, canary) {
      const inner = join(checkout, "inner");
      await git("/", "init", "--quiet", inner);
      await write(inner, { "a.txt": "inner\n", ".gitattributes": "* filter=x\n" });
      await git(inner, "add", ".");
      await git(inner, "commit", "--quiet", "--message", "inner");
      await git(inner, "config", "core.fsmonitor", canary);
      await git(inner, "config", "filter.x.clean", canary);
    },
  },
  {
    what: "another place to work in",
    isSilent: true,
    async set(place, canary) {
      await mkdir(join(place.stateDirectory, "elsewhere"));
      await configure(["core.worktree", join(place.stateDirectory, "elsewhere")], ["core.bare", "true"])(place, canary);
    },
  },
];

/** Does all that Fairlead ever does with git in a checkout, as far as the checkout still lets it. */
async function doEverything(world: World, place: Environment, base: string): Promise<string[]> {
  const repository = openRepository(world);
  const refused: string[] = [];
  const attempt = async (what: string, work: () => Promise<unknown>) => {
    await work().catch((error: Error) => refused.push(`${what}: ${error.message}`));
  };
  await attempt("head", () => headCommit(place));
  await attempt("changed", () => changedSince(place, base));
  await attempt("count", () => countCommitsSince(place, base));
  await attempt("commit", () => commitAll(place, { message: "Work", author, branch }));
  await attempt("made", () => commitsMade(place));
  await attempt("below", () => rewrittenBelow(place, { base, target: "main" }));
  await attempt("publish", () => repository.publish(place, branch));
  await write(place.checkout, { "a.txt": "by a preview\n", "upload.bin": "uploaded\n" });
  await attempt("put back", async () => putBack(place, { branch, commit: await headCommit(place), aside: "round-2" }));
  await attempt("bring back", async () => bringBack(place, "round-2"));
  await attempt("rebase", () => rebaseOnto(place, { target: "main", base }));
  await attempt("leftovers", () =>
    repository.saveLeftovers(place, { base, branch, key: "k", prefix: "change/saved/k" }),
  );
  return refused;
}

test.each(traps)("git of ours in a checkout runs nothing of its agent's: $what", async ({ set, isSilent = false }) => {
  const world = await makeWorld({ "a.txt": "one\n", "b.bin": "two\n" });
  const place = await environmentFor(world, branch);
  const canary = join(world.directory, "canary");
  await writeFile(canary, `#!/bin/sh\necho "$0 $*" >> ${canary}.ran\nexit 1\n`);
  await chmod(canary, 0o755);
  const base = await headCommit(place);
  await write(place.checkout, { "c.txt": "the agent's work\n" });
  await set(place, canary);
  await workAsAPerson(place);
  expect(existsSync(`${canary}.ran`)).toBe(!isSilent);
  await rm(`${canary}.ran`, { force: true });
  const refused = await doEverything(world, place, base);
  expect(existsSync(`${canary}.ran`)).toBe(false);
  // What could not be done is said with a reason; what could be, has kept the work.
  const isPushed = (await git(world.url, "for-each-ref", "refs/heads/change")) !== "";
  if (isPushed) expect(await git(world.url, "show", `${branch}:c.txt`)).toBe("the agent's work");
  else expect(refused.join("\n")).toMatch(/publish: .{20,}/);
});

/** Springs the trap in a copy of the checkout, with a person's git: the proof that it is set. */
async function workAsAPerson({ checkout }: Environment): Promise<void> {
  const copy = `${checkout}-copy`;
  await cp(checkout, copy, { recursive: true, verbatimSymlinks: true });
  await write(copy, { "a.txt": "changed\n", "b.bin": "changed\n", "d.txt": "new\n" });
  const commands = ["own", "status", "add --all", "commit -m x", "diff HEAD~1", "fetch origin", "push origin HEAD:x"];
  for (const command of [...commands, "-C inner status", "log -1 --show-signature"]) {
    await git(copy, ...command.split(" ")).catch(() => undefined);
  }
  await rm(copy, { recursive: true, force: true });
}
