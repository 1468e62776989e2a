import { execFile } from "node:child_process";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { environment } from "./support.ts";

test("files are read, written and listed inside the checkout", async () => {
  const here = await environment();
  await here.writeFile("deep/in/there.txt", "text ✓");
  await here.writeFile("deep/in/there.txt", "shorter");
  expect(await here.readFile("deep/in/there.txt")).toBe("shorter");
  expect(await here.readFile("./deep/../deep/in/there.txt")).toBe("shorter");
  expect(await here.list("deep")).toEqual(["in/"]);
  expect(await here.list("")).toEqual([".git/", "deep/", "readme.txt"]);
});

test("what is not there, or is no file, reads as nothing", async () => {
  const here = await environment();
  await promisify(execFile)("mkfifo", [join(here.checkout, "pipe")]);
  for (const path of ["nowhere", "no/where", "readme.txt/below", ".git", "pipe"]) {
    expect(await here.readFile(path), path).toBeNull();
  }
  for (const path of ["nowhere", "readme.txt"]) expect(await here.list(path), path).toEqual([]);
});

test("no path leads out of the checkout, neither by name nor by a link", async () => {
  const here = await environment();
  const outside = here.stateDirectory;
  await writeFile(join(outside, "secret"), "secret");
  await mkdir(join(here.checkout, "sub"));
  await symlink(outside, join(here.checkout, "sub/folder"));
  await symlink(join(outside, "secret"), join(here.checkout, "file"));
  await symlink(join(outside, "new"), join(here.checkout, "dangling"));
  await symlink("../state", join(here.checkout, "relative"));
  const refusal = { code: "PATH_OUTSIDE_CHECKOUT", kind: "invalid" };
  const ways = [
    "../state/secret",
    "sub/../../state/secret",
    "/etc/passwd",
    "sub/folder/secret",
    "file",
    "relative/secret",
  ];
  for (const path of [...ways, "sub/folder/new/file", "a\0b"]) {
    await expect(here.readFile(path), path).rejects.toMatchObject(refusal);
    await expect(here.writeFile(path, "overwritten"), path).rejects.toMatchObject(refusal);
    await expect(here.list(path), path).rejects.toMatchObject(refusal);
  }
  await expect(here.writeFile("dangling", "made")).rejects.toMatchObject(refusal);
  await expect(here.writeFile("dangling/file", "made")).rejects.toThrow();
  expect(await here.readFile("dangling")).toBeNull();
  expect(await readFile(join(outside, "secret"), "utf8")).toBe("secret");
  expect(await readFile(join(outside, "new"), "utf8").catch(() => null)).toBeNull();
});

test("a link inside the checkout is followed", async () => {
  const here = await environment();
  await symlink("readme.txt", join(here.checkout, "link"));
  expect(await here.readFile("link")).toBe("hello\n");
});

test("a file larger than 10 MiB is refused", async () => {
  const here = await environment();
  await here.writeFile("large", "x".repeat(10 * 1024 * 1024 + 1));
  await expect(here.readFile("large")).rejects.toMatchObject({ code: "FILE_TOO_LARGE" });
});
