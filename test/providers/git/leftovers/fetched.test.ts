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
  const agent = ["-c", `user.name=${fairlead.name} (claude)`, "-c", `user.email=${fairlead.email}`];
  await git(place.checkout, ...agent, "tag", "--annotate", "--message", "Second release", "release/v2");
  await publish(world, place, branch);
  const save = () => openRepository(world).saveLeftovers(place, { base, branch, key: "k", prefix });
  const { saved, objects } = await save();
  expect(saved).toMatchObject([{ subject: "Second release", branch: null, submodule: "the tag release/v2" }]);
  expect(objects).toEqual([]);
  const kept = await git(place.mirror.path, "cat-file", "tag", `refs/fairlead/saved/k/${saved[0]?.name}`);
  expect(kept).toMatch(/^object .*\ntype commit\ntag release\/v2\n(.*\n)+Second release/);
  expect((await save()).saved).toEqual(saved);
  expect(await git(world.url, "tag")).toBe("v1");
});

test("commits that an agent pushed to another remote only, and left, are saved", async () => {
  const { world, place, base } = await atWork();
  const other = await makeWorld();
  await git(place.checkout, "remote", "add", "backup", other.url);
  await git(place.checkout, "fetch", "--quiet", "backup");
  await git(place.checkout, "checkout", "--quiet", "--detach");
  await commit(place.checkout, { "tried.txt": "pushed elsewhere\n" });
  await git(place.checkout, "push", "--quiet", "backup", "HEAD:refs/heads/wip");
  await git(place.checkout, "fetch", "--quiet", "backup");
  await git(place.checkout, "checkout", "--quiet", branch);
  await publish(world, place, branch);
  const { saved, objects } = await openRepository(world).saveLeftovers(place, { base, branch, key: "k", prefix });
  expect(saved).toHaveLength(1);
  expect(await git(world.url, "show", `${saved[0]?.branch}:tried.txt`)).toBe("pushed elsewhere");
  expect(objects).toEqual([]);
});
