import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { addSettings } from "../../../src/providers/git/checkout/add-settings.ts";

test("git reads each setting back as it was added, whatever characters it has", async () => {
  const folder = await mkdtemp(join(tmpdir(), "fairlead-git-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const read = async (...key: string[]) =>
    (await execa("git", ["config", "-f", "config", ...key], { cwd: folder })).stdout;
  // git can't store NUL in any value, a line break in a subsection, or bytes that are no text in ours.
  const text = fc.string({ unit: fc.constantFrom(..."ab .;#\"\\='[]$é\t\n\r\b"), maxLength: 12 });
  const name = fc.string({ unit: fc.constantFrom(..."ab .;#\"\\='[]$é/"), minLength: 1, maxLength: 8 });
  const settings = fc.record({ subsection: name, url: text });
  await fc.assert(
    fc.asyncProperty(settings, async ({ subsection, url }) => {
      await rm(join(folder, "config"), { force: true });
      await addSettings(folder, ["core"], { bare: "false" });
      await addSettings(folder, ["submodule", subsection], { url, active: "true" });
      expect(await read("-z", `submodule.${subsection}.url`)).toBe(`${url}\0`);
      expect(await read(`submodule.${subsection}.active`)).toBe("true");
      expect(await read("core.bare")).toBe("false");
    }),
    { numRuns: 60 },
  );
});
