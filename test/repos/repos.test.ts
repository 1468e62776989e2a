import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { registerWorkspace } from "../../src/actions/workspaces/register-workspace.ts";
import type { WorkspaceName } from "../../src/domain/ids.ts";
import { hasProgram } from "../support/programs.ts";
import { makeWorld, type World } from "../support/world.ts";
import { makePerson, type Person } from "./person.ts";
import type { OddRepository } from "./repository.ts";
import { shapes } from "./shapes.ts";
import { tools } from "./tools.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld();
  await world.startWorker();
});
afterAll(() => world.close());

const hasTools = ["git-lfs", "ssh-keygen"].every(hasProgram);

test.skipIf(!hasTools).each([...tools, ...shapes])(
  "from words to a merge that git itself would have made: $name",
  async (repository) => {
    const folder = await realpath(await mkdtemp(join(tmpdir(), "fairlead-repos-")));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const person = await makePerson(folder);
    const url = await repository.make(person, folder);
    const branch = await person.git(url, "symbolic-ref", "--short", "HEAD");

    const expected = join(folder, "expected");
    await clone(person, url, expected);
    await worksAlone(person, repository, { folder: expected, branch });
    await person.git(expected, "clean", "-dxfq");

    const name = `odd-${[...tools, ...shapes].indexOf(repository)}` as WorkspaceName;
    await merge({ name, url, branch, person, repository, folder });

    const fresh = join(folder, "fresh");
    await clone(person, url, fresh);
    expect(await person.git(fresh, "status", "--porcelain")).toBe("");
    expect(await person.git(fresh, "fsck", "--no-dangling", "--connectivity-only")).toBe("");
    expect(await contents(fresh)).toEqual(await contents(expected));
    const tree = ["ls-tree", "-r", "-t", "--full-tree", "HEAD"];
    expect(await person.git(fresh, ...tree)).toBe(await person.git(expected, ...tree));
    expect(await person.git(fresh, "log", "-1", "--format=%P")).toMatch(/^\w+ \w+$/);
    await repository.also?.({ person, folder, url, clone: fresh });
  },
  60_000,
);

async function clone(person: Person, url: string, into: string): Promise<void> {
  await person.git("/", "clone", "--quiet", "--recurse-submodules", `file://${url}`, into);
}

/** What a person would do who works without Fairlead: the work on a branch, the colleague's on the target, a merge. */
async function worksAlone(
  person: Person,
  { work, meanwhile }: OddRepository,
  { folder, branch }: { readonly folder: string; readonly branch: string },
): Promise<void> {
  await person.git(folder, "checkout", "--quiet", "-b", "work");
  await person.sh(folder, work);
  await commitAll(person, folder);
  await person.git(folder, "checkout", "--quiet", "--recurse-submodules", branch);
  if (meanwhile !== undefined) {
    await person.sh(folder, meanwhile);
    await commitAll(person, folder);
  }
  await person.git(folder, "merge", "--quiet", "--no-ff", "--no-verify", "-m", "Merge", "work");
  await person.git(folder, "submodule", "--quiet", "update", "--recursive");
}

async function commitAll(person: Person, folder: string): Promise<void> {
  await person.git(folder, "add", "--all");
  await person.git(folder, "commit", "--quiet", "--allow-empty", "--no-verify", "-m", "Work");
}

/** The same through Fairlead, from the words to the merge. */
async function merge(given: {
  readonly name: WorkspaceName;
  readonly url: string;
  readonly branch: string;
  readonly person: Person;
  readonly repository: OddRepository;
  readonly folder: string;
}): Promise<void> {
  const { name, url, branch, person, repository, folder } = given;
  const { sql } = world.database;
  await registerWorkspace(world.services, {
    name,
    repositoryUrl: url,
    defaultBranch: null,
    agent: "command",
    agentSettings: { argv: ["sh", "-ec", `cat > /dev/null\n${repository.work}`] },
    blueprint: {},
    planId: null,
    hosts: [],
    agents: {},
    sshAgent: false,
    maxActiveChanges: null,
  });
  const id = await world.request(name, `Work in ${repository.name}`);
  const waiting = await world.reaches(id, "deployed");
  expect(waiting.targetBranch).toBe(branch);
  if (repository.meanwhile !== undefined) {
    const colleague = join(folder, "colleague");
    await clone(person, url, colleague);
    await person.sh(colleague, repository.meanwhile);
    await commitAll(person, colleague);
    await person.git(colleague, "lfs", "push", "origin", "HEAD");
    await person.git(colleague, "push", "--quiet", "origin", "HEAD");
  }
  await sql`select fairlead.approve_change(${id}, 'ann')`;
  await world.reaches(id, "merged");
  await world.cleaned(id);
}

/** Every file, with its mode and what is in it, but not what git keeps. */
async function contents(folder: string): Promise<string> {
  const script =
    "find . -name .git -prune -o -type f -printf '%m ' -exec sha256sum {} + -o -type l -printf '%p -> %l\\n' | LC_ALL=C sort";
  const { stdout } = await execa("sh", ["-ec", script], { cwd: folder, encoding: "latin1" as never });
  return String(stdout);
}
