import { expect, test } from "vitest";
import { fairlead } from "../../../../src/domain/identity.ts";
import { openRepository } from "../../../../src/providers/git/repository.ts";
import { commit, git, makeWorld, publish, write } from "../support.ts";
import { atWork, branch, prefix } from "./support.ts";

test("what an agent fetched, from the remote or from another one, is no work of its own", async () => {
  const { world, place, base } = await atWork();
  const other = await makeWorld();
  for (const [name, clone] of Object.entries({ theirs: other.clone, ours: world.clone })) {
    await commit(clone, { [`${name}.txt`]: `${name}\n` });
    await git(clone, "push", "--quiet");
  }
  await git(place.checkout, "remote", "add", "upstream", other.url);
  await git(place.checkout, "fetch", "--quiet", "--all");
  await git(place.checkout, "branch", "--quiet", "theirs", "upstream/main");
  await publish(world, place, branch);
  const found = await openRepository(world).saveLeftovers(place, { base, branch, key: "k", prefix });
  expect(found).toEqual({ saved: [], objects: [] });
});

test("a checkout that an agent has repacked has no staged files by that, and one that was staged is kept", async () => {
  const { world, place, base } = await atWork();
  await write(place.checkout, { "precious.txt": "precious\n" });
  await git(place.checkout, "add", "precious.txt");
  const object = await git(place.checkout, "rev-parse", ":precious.txt");
  await git(place.checkout, "rm", "--quiet", "--force", "precious.txt");
  await git(place.checkout, "repack", "-a", "-d", "--quiet");
  await publish(world, place, branch);
  const save = () => openRepository(world).saveLeftovers(place, { base, branch, key: "k", prefix });
  expect(await save()).toEqual({ saved: [], objects: [object] });
  expect(await save()).toEqual({ saved: [], objects: [object] });
});

test("an annotated tag that an agent made is kept in the mirror with its message, and one that it fetched is not", async () => {
  const { world, place, base } = await atWork();
  await git(world.clone, "tag", "--annotate", "--message", "Theirs", "v1");
  await git(world.clone, "push", "--quiet", "origin", "v1");
  await git(place.checkout, "fetch", "--quiet", "--tags");
  await git(place.checkout, ...asAgent, "tag", "--annotate", "--message", "Second release", "release/v2");
  await publish(world, place, branch);
  const save = () => openRepository(world).saveLeftovers(place, { base, branch, key: "k", prefix });
  const { saved, objects } = await save();
  expect(saved).toMatchObject([{ subject: "Second release", branch: null, tag: "release/v2", submodule: null }]);
  expect(objects).toEqual([]);
  const kept = await git(place.mirror.path, "cat-file", "tag", `refs/fairlead/saved/k/${saved[0]?.name}`);
  expect(kept).toMatch(/^object .*\ntype commit\ntag release\/v2\n(.*\n)+Second release/);
  expect((await save()).saved).toEqual(saved);
  expect(await git(world.url, "tag")).toBe("v1");
});

/** As an agent's process has it, whose variables name the committer. */
const asAgent = ["-c", `user.name=${fairlead.name} (claude)`, "-c", `user.email=${fairlead.email}`];

async function commitAsAgent(checkout: string, text: string): Promise<void> {
  await write(checkout, { "tried.txt": `${text}\n` });
  await git(checkout, "add", "--all");
  await git(checkout, ...asAgent, "commit", "--quiet", "--message", text);
}

/** Ways to push commits elsewhere: each commits "tried.txt" and leaves the checkout on its branch. */
const elsewhere: Readonly<Record<string, (checkout: string, url: string) => Promise<unknown>>> = {
  async "to a remote that it added"(checkout, url) {
    await git(checkout, "remote", "add", "backup", url);
    await git(checkout, "fetch", "--quiet", "backup");
    await git(checkout, "checkout", "--quiet", "--detach");
    await commitAsAgent(checkout, "elsewhere");
    await git(checkout, "push", "--quiet", "backup", "HEAD:refs/heads/wip");
    await git(checkout, "checkout", "--quiet", branch);
  },
  async "to another address of origin"(checkout, url) {
    await git(checkout, "remote", "set-url", "--push", "origin", url);
    await git(checkout, "checkout", "--quiet", "--detach");
    await commitAsAgent(checkout, "elsewhere");
    await git(checkout, "push", "--quiet", "--force", "origin", "HEAD:refs/heads/main");
    await git(checkout, "checkout", "--quiet", branch);
  },
  async "from a worktree that it removed"(checkout, url) {
    await git(checkout, "remote", "add", "backup", url);
    await git(checkout, "worktree", "add", "--quiet", "-b", "side", `${checkout}-side`);
    await commitAsAgent(`${checkout}-side`, "elsewhere");
    await git(`${checkout}-side`, "push", "--quiet", "backup", "side");
    await git(checkout, "worktree", "remove", "--force", `${checkout}-side`);
    await git(checkout, "branch", "--quiet", "-D", "side");
  },
  async "after it pulled from there with a rebase"(checkout, url) {
    await git(checkout, "remote", "add", "backup", url);
    await git(checkout, "checkout", "--quiet", "-b", "side");
    await commitAsAgent(checkout, "elsewhere");
    await git(checkout, ...asAgent, "pull", "--quiet", "--rebase", "backup", "main");
    await git(checkout, "push", "--quiet", "backup", "HEAD:refs/heads/wip");
    await git(checkout, "checkout", "--quiet", branch);
    await git(checkout, "branch", "--quiet", "-D", "side");
  },
};

test.each(Object.entries(elsewhere))("commits that an agent pushed only %s are saved", async (_what, push) => {
  const { world, place, base } = await atWork();
  const other = await makeWorld();
  await push(place.checkout, other.url);
  await publish(world, place, branch);
  const { saved, objects } = await openRepository(world).saveLeftovers(place, { base, branch, key: "k", prefix });
  const tried = saved.filter(({ subject }) => subject === "elsewhere");
  expect(tried.length).toBeGreaterThan(0);
  for (const tip of tried) expect(await git(world.url, "show", `${tip.branch}:tried.txt`)).toBe("elsewhere");
  expect(objects).toEqual([]);
});

test("what was fetched without a ref is no staged file", async () => {
  const { world, place, base } = await atWork();
  const other = await makeWorld();
  await commit(other.clone, { "theirs.txt": "theirs\n" });
  await git(other.clone, "push", "--quiet");
  await git(place.checkout, "fetch", "--quiet", other.url, "main");
  await publish(world, place, branch);
  const found = await openRepository(world).saveLeftovers(place, { base, branch, key: "k", prefix });
  expect(found).toEqual({ saved: [], objects: [] });
});
