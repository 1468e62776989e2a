import { expect, onTestFinished, test } from "vitest";
import { fetchMirror, mirroredBranch } from "../../../src/providers/git/mirror/fetch.ts";
import { openMirror } from "../../../src/providers/git/mirror/mirror.ts";
import { openRepository } from "../../../src/providers/git/repository.ts";
import { relayedRemote } from "../../support/git/relayed-remote.ts";
import { commit, git, makeWorld, pushChange } from "./support.ts";

const timed = async (work: Promise<unknown>): Promise<number> => {
  const before = performance.now();
  await work.catch(() => undefined);
  return (performance.now() - before) / 1000;
};

test("a stalled fetch is ended after 20 s, and until then delays no caller that does not need it", async () => {
  const world = await makeWorld();
  const remote = await relayedRemote(world.url);
  onTestFinished(remote.close);
  const headCommit = await pushChange(world, "change/a", { "b.txt": "two\n" });
  const here = { home: world.home, url: remote.url };
  const [mirror, repository] = [await openMirror(here), openRepository(here)];
  const baseCommit = await git(world.clone, "rev-parse", "main");
  const newer = await commit(world.clone, { "a.txt": "newer\n" });
  await git(world.clone, "push", "--quiet", "origin", "main");
  remote.fallSilent();
  const hung = timed(fetchMirror(mirror));
  await expect.poll(() => remote.held()).toBe(1);

  // Callers that read what the mirror has are not delayed.
  const request = { headCommit, targetBranch: "main", baseCommit, mergeCommit: null, limitBytes: 100_000 };
  expect(await timed(repository.diff(request))).toBeLessThan(5);
  expect(await repository.branchHead("main")).toBe(baseCommit);
  // Callers that need the remote wait until their own signal aborts: here half a second.
  const elsewhere = { ...request, headCommit: "d".repeat(40) };
  expect(await timed(repository.diff(elsewhere, AbortSignal.timeout(500)))).toBeLessThan(5);
  expect(await timed(repository.fetch(AbortSignal.timeout(500)))).toBeLessThan(5);

  // The remote is back; the fetch that it never answers still ends by its timeout.
  remote.speak();
  const next = timed(fetchMirror(mirror));
  expect(await hung).toBeGreaterThan(15);
  expect(await hung).toBeLessThan(40);
  await next;
  expect(await mirroredBranch(mirror, "main")).toBe(newer);
}, 90_000);

test("a fetch without a caller is ended, and one caller that aborts does not end it for the others", async () => {
  const world = await makeWorld();
  const remote = await relayedRemote(world.url);
  onTestFinished(remote.close);
  const mirror = await openMirror({ home: world.home, url: remote.url });
  remote.fallSilent();
  const [first, second] = [new AbortController(), new AbortController()];
  const fetches = [fetchMirror(mirror, first.signal), fetchMirror(mirror, second.signal)];
  const ends = fetches.map((fetch) =>
    fetch.then(
      () => "done",
      (error: Error) => error.message,
    ),
  );
  await expect.poll(() => remote.held()).toBe(1);
  first.abort(new Error("the first has left"));
  expect(await ends[0]).toBe("the first has left");
  expect(await Promise.race([ends[1], Promise.resolve("waits")])).toBe("waits");
  second.abort(new Error("the second has left"));
  expect(await ends[1]).toBe("the second has left");
  remote.speak();
  expect(await timed(fetchMirror(mirror))).toBeLessThan(10);
});
