import { afterAll, beforeAll, expect, test } from "vitest";
import { gitIn, makeWorld, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld();
  await world.startWorker();
});
afterAll(() => world.close());

const spinner = { do: "replace", path: "index.html", find: "<h1>", with: '<div class="spinner"></div><h1>' };

test("a change asked for in SQL is provisioned, implemented, previewed, approved, merged and cleaned up", async () => {
  const remote = await world.repository();
  await world.workspace("shop", remote, [[{ do: "say", text: "Looking" }, spinner]]);
  const id = await world.request("shop", "Add a loading spinner");

  const deployed = await world.reaches(id, "deployed");
  expect(deployed.branchName).toBe(`change/add-a-loading-spinner-${id.slice(-8).toLowerCase()}`);
  const served = await fetch(deployed.previewUrl ?? "");
  expect(await served.text()).toContain('class="spinner"');

  await world.database.sql`update fairlead.change_requests set status = 'approved' where id = ${id}`;
  const merged = await world.reaches(id, "merged");
  expect(await gitIn(remote, "rev-parse", "main")).toBe(merged.mergeCommitSha);
  expect(await gitIn(remote, "log", "-1", "--format=%(trailers:key=Fairlead-Change,valueonly)", "main")).toBe(id);
  expect(await gitIn(remote, "show", "main:index.html")).toContain('class="spinner"');

  await world.cleaned(id);
  expect(await gitIn(remote, "branch", "--list", "change/*")).toBe("");
  expect(await world.services.provider("local").list()).toEqual([]);
  await expect(fetch(deployed.previewUrl ?? "")).rejects.toThrow();
});
