import { mkdtempSync, readdirSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LfsMissing } from "../../../../src/domain/faults/git.ts";
import { commitAll } from "../../../../src/providers/git/checkout/checkout.ts";
import { author, git, makeCheckout, makeWorld, publish, write } from "../support.ts";

// A machine that has every program but git-lfs; the module under test has not looked yet.
const programs = mkdtempSync(join(tmpdir(), "fairlead-programs-"));
for (const folder of (process.env.PATH ?? "").split(":").reverse()) {
  for (const name of namesIn(folder)) if (name !== "git-lfs") tryLink(join(folder, name), join(programs, name));
}
process.env.PATH = programs;

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function tryLink(target: string, link: string): void {
  try {
    symlinkSync(target, link);
  } catch {
    // A folder before it on the path has one of that name.
  }
}

const branch = "change/pictures";
const attributes = "*.bin filter=lfs diff=lfs merge=lfs -text\n";

test("where git-lfs is missing, a repository that uses it is refused before an agent starts", async () => {
  const making = makeCheckout(await makeWorld({ ".gitattributes": attributes }), branch);
  await expect(making).rejects.toThrow(LfsMissing);
  await expect(making).rejects.toThrow("apt-get install git-lfs");
});

test("so is one that uses it in a folder", async () => {
  const making = makeCheckout(await makeWorld({ "assets/.gitattributes": attributes }), branch);
  await expect(making).rejects.toThrow(LfsMissing);
});

test("a repository without LFS works, and a branch that begins to use LFS is not pushed without its objects", async () => {
  const world = await makeWorld();
  const place = await makeCheckout(world, branch);
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"b".repeat(64)}\nsize 12\n`;
  await write(place.checkout, { ".gitattributes": attributes, "new.bin": pointer });
  await commitAll(place, { message: "Work", author, branch });
  await expect(publish(world, place, branch)).rejects.toThrow(LfsMissing);
  expect(await git(world.url, "for-each-ref", "refs/heads/change")).toBe("");
});
