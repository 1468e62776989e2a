import * as fc from "fast-check";
import { expect, test } from "vitest";
import { environment, until } from "./support.ts";

/** What a shell would make something of, among anything else that fits into an argument. */
const hostile = fc.oneof(
  fc.constantFrom(
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned",
    "&& touch pwned",
    "-rf",
    "--",
    "*",
    "~",
    "a\nb",
    "'",
    '"',
  ),
  fc.constantFrom("\u202e", "\u200b", "é", "🦀", "\\", "$HOME", "$PATH:x", "!!", "#", " "),
  fc.string({ unit: "grapheme", maxLength: 40 }).filter((text) => !text.includes("\0")),
);
const echo = "process.stdout.write(JSON.stringify(process.argv.slice(1)))";

test("whatever the arguments are, a command and a long process get them as they are", { timeout: 60_000 }, async () => {
  const here = await environment();
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(hostile, { maxLength: 6 }), async (args) => {
      const argv = [process.execPath, "-e", echo, "--", ...args] as const;
      const ran = await here.run(argv, { timeoutMs: 20_000 });
      expect(JSON.parse(ran.stdout)).toEqual(args);

      run += 1;
      const name = `echo-${run}`;
      await here.start({ name, argv });
      await until(async () => (await here.adopt(name)).state === "exited");
      const output = await here.read(name, "stdout", 0, 1_000_000);
      expect(JSON.parse(output.toString())).toEqual(args);
    }),
    { numRuns: 40 },
  );
  expect(await here.list("")).not.toContain("pwned");
});
