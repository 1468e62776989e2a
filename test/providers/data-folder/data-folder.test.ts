import { chmod, mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { expect, onTestFinished, test } from "vitest";
import { dataFolderAt } from "../../../src/providers/data-folder/data-folder.ts";

async function scratch(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "fairlead-folder-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test("a folder has no id before it is opened for work, and keeps the one it is given", async () => {
  const home = join(await scratch(), "deep/home");
  const folder = dataFolderAt(home);
  expect(await folder.id()).toBe(null);
  await expect(folder.check()).resolves.toBeUndefined();
  const { id, path } = await folder.open();
  expect(path).toBe(home);
  expect(await readFile(join(home, "id"), "utf8")).toBe(`${id}\n`);
  expect((await dataFolderAt(home).open()).id).toBe(id);
  expect(await dataFolderAt(home).id()).toBe(id);
});

test("processes that open a new folder at once agree on its id", async () => {
  const home = join(await scratch(), "home");
  const module = new URL("../../../src/providers/data-folder/data-folder.ts", import.meta.url).href;
  const script = `
    const { dataFolderAt } = await import(${JSON.stringify(module)});
    console.log((await dataFolderAt(${JSON.stringify(home)}).open()).id);`;
  const start = () => execa(process.execPath, ["--input-type=module", "-e", script]);
  const opened = await Promise.all(Array.from({ length: 6 }, start));
  expect(new Set(opened.map(({ stdout }) => stdout)).size).toBe(1);
  expect(await readdir(home)).toEqual(["id"]);
});

test("one that vanishes after it was opened is not made anew, and is the same when it is back", async () => {
  const home = join(await scratch(), "home");
  const folder = dataFolderAt(home);
  const { id } = await folder.open();
  await rename(home, `${home}-away`);
  await expect(folder.check()).rejects.toMatchObject({ code: "DATA_FOLDER_GONE" });
  await expect(folder.open()).rejects.toMatchObject({ code: "DATA_FOLDER_GONE" });
  await mkdir(home);
  await expect(folder.open()).rejects.toMatchObject({ code: "DATA_FOLDER_GONE" });
  await writeFile(join(home, "id"), "01K5TZ8M3RB6Q4W2E9XJDVH7NC\n");
  await expect(folder.check()).rejects.toMatchObject({ code: "DATA_FOLDER_GONE" });
  await rm(home, { recursive: true });
  await rename(`${home}-away`, home);
  expect(await folder.open()).toMatchObject({ id });
});

test.each(["", "not an id\n", "01K5TZ8M3RB6Q4W2E9XJDVH7N", "01k5tz8m3rb6q4w2e9xjdvh7nc\n"])(
  "an id that was changed by hand is refused and not replaced (%j)",
  async (text) => {
    const home = await scratch();
    await writeFile(join(home, "id"), text);
    const refusal = { code: "DATA_FOLDER_UNUSABLE", message: expect.stringContaining(home) };
    await expect(dataFolderAt(home).open()).rejects.toMatchObject(refusal);
    await expect(dataFolderAt(home).id()).rejects.toMatchObject(refusal);
    expect(await readFile(join(home, "id"), "utf8")).toBe(text);
  },
);

test("a path where no folder can be made is refused with advice", async () => {
  const file = join(await scratch(), "file");
  await writeFile(file, "");
  const refusal = { code: "DATA_FOLDER_UNUSABLE", message: expect.stringContaining("FAIRLEAD_HOME") };
  await expect(dataFolderAt(join(file, "home")).open()).rejects.toMatchObject(refusal);
  await expect(dataFolderAt(file).open()).rejects.toMatchObject(refusal);
});

test("a copy is told from the same folder by another name, and from one that has gone", async () => {
  const parent = await scratch();
  const [home, copy, link] = ["home", "copy", "link"].map((name) => join(parent, name)) as [string, string, string];
  const folder = dataFolderAt(home);
  await folder.open();
  await symlink(home, link);
  expect(await folder.isAlsoAt(link)).toBe(false);
  expect(await folder.isAlsoAt(copy)).toBe(false);
  await execa("cp", ["-a", home, copy]);
  expect(await folder.isAlsoAt(copy)).toBe(true);
  await writeFile(join(copy, "id"), "01K5TZ8M3RB6Q4W2E9XJDVH7NC\n");
  expect(await folder.isAlsoAt(copy)).toBe(false);
});

test.skipIf(process.geteuid?.() === 0)(
  "without the right to read a path, whether a copy is there is unknown",
  async () => {
    const parent = await scratch();
    const [home, shut] = [join(parent, "home"), join(parent, "shut")];
    const folder = dataFolderAt(home);
    await folder.open();
    await mkdir(shut, { mode: 0 });
    expect(await folder.isAlsoAt(join(shut, "home"))).toBe(null);
    await chmod(shut, 0o700);
  },
);
