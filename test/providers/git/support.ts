import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { onTestFinished } from "vitest";
import type { Checkout } from "../../../src/providers/git/calls/checkout-git.ts";
import { commonDirectory } from "../../../src/providers/git/checkout/common-directory.ts";
import { makeCheckout as checkOut } from "../../../src/providers/git/checkout/make-checkout.ts";
import { type Mirror, openMirror } from "../../../src/providers/git/mirror/mirror.ts";
import { openRepository } from "../../../src/providers/git/repository.ts";

export const author = { name: "Ada Lovelace", email: "ada@example.org" };
export const changeId = "01JCXW5Z8Q4N7T2R6V9B3K1M0P";

/** A folder that is gone when the test is over. */
export async function scratch(): Promise<string> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), "fairlead-git-")));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

const identity = ["-c", "user.name=Grace", "-c", "user.email=grace@example.org"];
/** A person who has configured nothing, whatever a test gives the server for variables. */
const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };

/** Runs the git of a person who works beside Fairlead. */
export async function git(cwd: string, ...args: string[]): Promise<string> {
  const { stdout } = await execa("git", [...identity, ...args], { cwd, env, extendEnv: false });
  return stdout;
}

export async function write(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), text);
  }
}

/** Commits files in a person's clone and gives the commit. */
export async function commit(
  clone: string,
  files: Readonly<Record<string, string>>,
  message = "work",
): Promise<string> {
  await write(clone, files);
  await git(clone, "add", "--all");
  await git(clone, "commit", "--quiet", "--message", message);
  return await git(clone, "rev-parse", "HEAD");
}

export interface World {
  readonly home: string;
  /** The bare repository that everybody pushes to. */
  readonly url: string;
  /** A person's clone of it, on main. */
  readonly clone: string;
  readonly directory: string;
}

/** A bare remote with one commit on main, and a clone of it. */
export async function makeWorld(files: Readonly<Record<string, string>> = { "a.txt": "one\n" }): Promise<World> {
  const directory = await scratch();
  const [url, clone] = [join(directory, "remote.git"), join(directory, "clone")];
  await git(directory, "init", "--quiet", "--bare", "--initial-branch=main", url);
  await git(directory, "clone", "--quiet", url, clone);
  await git(clone, "checkout", "--quiet", "-B", "main");
  await commit(clone, files, "first");
  await git(clone, "push", "--quiet", "origin", "main");
  return { home: join(directory, "home"), url, clone, directory };
}

/** Pushes a branch made from main with one commit, and leaves the clone on main. */
export async function pushChange(world: World, branch: string, files: Record<string, string>): Promise<string> {
  await git(world.clone, "checkout", "--quiet", "-B", branch, "main");
  const head = await commit(world.clone, files, `work on ${branch}`);
  await git(world.clone, "push", "--quiet", "--force", "origin", branch);
  await git(world.clone, "checkout", "--quiet", "main");
  return head;
}

/** A checkout such as an environment on this machine has. */
export async function makeCheckout(
  world: World,
  branch: string,
  name = "checkout",
): Promise<Checkout & { mirror: Mirror }> {
  const mirror = await openMirror(world);
  const directory = join(world.directory, name);
  await checkOut(mirror, { directory, branch, targetBranch: "main", ...where(world) });
  const place = checkoutAt(directory);
  await place.commonDirectory();
  return { ...place, mirror };
}

/** What a checkout has to know besides its branches. */
export const where = ({ home, url }: Pick<World, "home" | "url">) => ({ home, reach: { url, hosts: [] } });

/** Pushes what a checkout stands at to a branch of the world's remote. */
export async function publish(world: Pick<World, "home" | "url">, place: Checkout, branch: string): Promise<string> {
  return await openRepository(world).publish(place, branch);
}

function checkoutAt(directory: string): Checkout {
  return {
    checkout: directory,
    commonDirectory: () => commonDirectory(`${directory}.git-common`, join(directory, ".git")),
    async run([program, ...args], { timeoutMs, variables = {}, stdin = "" }) {
      const options = {
        cwd: directory,
        timeout: timeoutMs,
        env: { ...variables },
        input: stdin,
        reject: false,
      } as const;
      const { exitCode, stdout, all } = await execa(program, args, { ...options, all: true });
      return { code: exitCode ?? null, stdout, output: all };
    },
  };
}
