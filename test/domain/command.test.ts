import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fillPort, portPlaceholder, splitWords } from "../../src/domain/blueprints/command.ts";

test.each([
  ["npm run dev", ["npm", "run", "dev"]],
  ["  npm \t run  dev ", ["npm", "run", "dev"]],
  [`node -e 'console.log("a  b")'`, ["node", "-e", 'console.log("a  b")']],
  [String.raw`say "a \"b\" \$c \d" d\ e`, ["say", String.raw`a "b" $c \d`, "d e"]],
  ["say '' \"\"", ["say", "", ""]],
  ["say a'b'\"c\"d", ["say", "abcd"]],
  ["say 'a | b; $(c)'", ["say", "a | b; $(c)"]],
  ["serve -p $PORT", ["serve", "-p", portPlaceholder]],
  [`serve "-p=${portPlaceholder}"`, ["serve", `-p=${portPlaceholder}`]],
])("%s is split as a shell would", (line, words) => {
  expect(splitWords(line)).toEqual(words);
});

test.each([
  ...["a | b", "a && b", "a; b", "a > b", "echo $HOME", "echo $(id)", "echo `id`", "ls *.js", 'echo "$HOME"', "cd ~"],
  ...["A=1 node x.js", "echo 'open", 'echo "open', "echo \\", "", "   ", "a # b", "a\nb;c"],
])("%j needs a shell, or is nothing at all", (line) => {
  expect(splitWords(line)).toBeNull();
});

test("a line that needs no shell is split exactly as sh splits it", { timeout: 60_000 }, () => {
  const piece = fc.constantFrom(
    "a",
    "b1",
    " ",
    "'",
    '"',
    "\\",
    "-",
    "=",
    "é",
    "'x y'",
    '"x y"',
    "\\ ",
    '\\"',
    "$",
    "|",
    "#",
  );
  fc.assert(
    fc.property(fc.string({ unit: piece, maxLength: 12 }), (line) => {
      const words = splitWords(line);
      if (words === null) return;
      const said = execFileSync("sh", ["-c", `printf '%s\\n' ${line}`], { encoding: "utf8" });
      expect(said).toBe(`${words.join("\n")}\n`);
    }),
    { numRuns: 300 },
  );
});

test("the port is filled in wherever it is named", () => {
  const command = ["serve", "--url", `http://localhost:${portPlaceholder}/`, portPlaceholder] as const;
  expect(fillPort(command, 4711)).toEqual(["serve", "--url", "http://localhost:4711/", "4711"]);
});
