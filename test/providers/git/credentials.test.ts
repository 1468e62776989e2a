import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commitAll, headCommit } from "../../../src/providers/git/checkout/checkout.ts";
import { gitOverHttp } from "../../support/git-over-http.ts";
import { git, makeCheckout, makeWorld, publish, write } from "./support.ts";

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
