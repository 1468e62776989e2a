import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { execa } from "execa";
import { expect, onTestFinished, test, vi } from "vitest";
import { commitAll, headCommit } from "../../../../src/providers/git/checkout/checkout.ts";
import { openRepository } from "../../../../src/providers/git/repository.ts";
import { gitOverHttp } from "../../../support/git/git-over-http.ts";
import { author, changeId, git, makeCheckout, makeWorld, publish, type World, write } from "../support.ts";

const branch = "change/token";

test("a token in the repository's address reaches the remote, and never the checkout that an agent works in", async () => {
  const world = await makeWorld();
  const { withToken: url } = await gitOverHttp(world.url, "t0ken");
  const place = await makeCheckout({ ...world, url }, branch);
  await write(place.checkout, { "a.txt": "changed\n" });
  await commitAll(place, { message: "Change", author: { name: "Ada", email: "ada@example.org" }, branch });
  await publish({ ...world, url }, place, branch);
  expect(await git(world.url, "rev-parse", branch)).toBe(await headCommit(place));
  expect(await readFile(join(place.checkout, ".git/config"), "utf8")).not.toContain("t0ken");
  await expect(git(place.checkout, "push", "origin", `HEAD:refs/heads/${branch}`)).rejects.toThrow();
});

/** A change from its checkout to its merge and the end of its branch, with each talk that there is with a remote. */
async function wholeChange(world: World, url: string): Promise<void> {
  const place = await makeCheckout({ ...world, url }, branch);
  const base = await headCommit(place);
  await write(place.checkout, { "b.txt": "two\n" });
  await commitAll(place, { message: "Work", author, branch });
  const head = await publish({ ...world, url }, place, branch);
  const repository = openRepository({ ...world, url });
  const request = { branch, targetBranch: "main", headCommit: head, baseCommit: base, changeId, title: "t", author };
  const merged = await repository.merge({ ...request, stillWanted: async () => true }, new AbortController().signal);
  expect(merged).toMatchObject({ state: "merged" });
  expect(await repository.deleteBranch(branch, head)).toBe(true);
  expect(await git(world.url, "show", "main:b.txt")).toBe("two");
  expect(await git(world.url, "for-each-ref", "--format=%(refname)")).toBe("refs/heads/main");
}

function withVariables(variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
}

async function program(world: World, name: string, script: string): Promise<string> {
  const path = join(world.directory, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

test("a program that answers git's questions is asked in each talk with the remote", async () => {
  const world = await makeWorld();
  const { url } = await gitOverHttp(world.url, "t0ken");
  const answers = 'case "$1" in Username*) echo ada;; *) echo t0ken;; esac';
  withVariables({ GIT_ASKPASS: await program(world, "askpass", answers) });
  await wholeChange(world, url);
});

test("configuration in variables counts in each talk with the remote", async () => {
  const world = await makeWorld();
  const { url } = await gitOverHttp(world.url, "t0ken");
  withVariables({
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "http.extraHeader",
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${Buffer.from("ada:t0ken").toString("base64")}`,
  });
  await wholeChange(world, url);
});

test("so does a user's own configuration, also where it names another address", async () => {
  const world = await makeWorld();
  const { url } = await gitOverHttp(world.url, "t0ken");
  const helper = await program(world, "helper", "echo username=ada; echo password=t0ken");
  const config = join(world.directory, "gitconfig");
  await writeFile(
    config,
    `[url "${url}"]\n\tinsteadOf = https://short.example/shop\n[credential]\n\thelper = ${helper}\n`,
  );
  withVariables({ GIT_CONFIG_GLOBAL: config });
  await wholeChange(world, "https://short.example/shop");
});

test("an ssh command of the user's is called in each talk with the remote", async () => {
  const world = await makeWorld();
  // It runs what ssh would run over there, and has no -o BatchMode of ours to choke on.
  const ssh = await program(world, "ssh", 'echo "$@" >> "$0.calls"; for last; do :; done; exec sh -c "$last"');
  withVariables({ GIT_SSH_COMMAND: ssh });
  await wholeChange(world, `ssh://git@host.invalid${world.url}`);
  const calls = await readFile(`${ssh}.calls`, "utf8");
  expect(calls).toContain("git-upload-pack");
  expect(calls).toContain("git-receive-pack");
});

test("a token in the address stands in no argument of a process, and in no file of the mirror", async () => {
  const world = await makeWorld();
  const { withToken } = await gitOverHttp(world.url, "t0ken-in-sight");
  const log = join(world.directory, "arguments");
  await logArguments(world, log);
  await wholeChange(world, withToken);
  const seen = await readFile(log, "utf8");
  expect(seen).toMatch(/^git .* fetch /m);
  expect(seen).toMatch(/^git .* push /m);
  expect(seen).toMatch(/^git-remote-http /m);
  expect(seen).not.toContain("t0ken-in-sight");
  const { stdout } = await execa("grep", ["--recursive", "--files-with-matches", "t0ken-in-sight", world.home], {
    reject: false,
  });
  expect(stdout).toBe("");
});

/** From now on each git, and each helper by which it speaks HTTP, writes its arguments down before it begins. */
async function logArguments({ directory }: World, log: string): Promise<void> {
  const [programs, helpers] = [join(directory, "programs"), join(directory, "helpers")];
  for (const folder of [programs, helpers]) await mkdir(folder);
  const own = await git("/", "--exec-path");
  for (const name of await readdir(own)) await symlink(join(own, name), join(helpers, name));
  const { stdout: real } = await execa("sh", ["-c", "command -v git"]);
  for (const [path, program] of [
    [join(programs, "git"), real],
    [join(helpers, "git-remote-http"), join(own, "git-remote-http")],
  ] as const) {
    await rm(path, { force: true });
    await writeFile(path, `#!/bin/sh\necho "${basename(path)} $*" >> ${log}\nexec ${program} "$@"\n`, { mode: 0o755 });
  }
  withVariables({ PATH: `${programs}:${process.env.PATH}`, GIT_EXEC_PATH: helpers });
}

test("a credential helper that an agent configured in its checkout is never asked", async () => {
  const world = await makeWorld();
  const { withToken: url } = await gitOverHttp(world.url, "t0ken");
  const place = await makeCheckout({ ...world, url }, branch);
  const canary = join(world.directory, "stolen");
  await git(place.checkout, "config", "credential.helper", `!cat >> ${canary}; false`);
  await git(place.checkout, "config", "core.askPass", await program(world, "ask", `touch ${canary}; echo x`));
  await git(place.checkout, "config", "http.proxy", "http://127.0.0.1:9");
  await git(place.checkout, "config", "url.http://127.0.0.1:9/.insteadOf", url.replace("ada:t0ken@", ""));
  await write(place.checkout, { "b.txt": "two\n" });
  await commitAll(place, { message: "Work", author, branch });
  expect(await publish({ ...world, url }, place, branch)).toBe(await headCommit(place));
  expect(existsSync(canary)).toBe(false);
});
