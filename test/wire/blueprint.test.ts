import { expect, test } from "vitest";
import { portPlaceholder } from "../../src/domain/blueprints/command.ts";
import { parseBlueprintFile } from "../../src/wire/blueprint.ts";

test("commands are lists of words, or lines that are split into them", () => {
  const text = JSON.stringify({
    $schema: "https://example.org/schema.json",
    setup: ["sh", "-c", "make && make install"],
    start: "npm run dev -- --port $PORT",
    check: null,
    port: 3000,
  });
  expect(parseBlueprintFile(`\ufeff${text}`)).toEqual({
    setup: ["sh", "-c", "make && make install"],
    start: ["npm", "run", "dev", "--", "--port", portPlaceholder],
    check: null,
    port: 3000,
  });
  expect(parseBlueprintFile("{}")).toEqual({});
});

test.each([
  ["{", /not JSON/],
  ["[]", /object/],
  ['{"strat": "x"}', /strat/],
  ['{"start": "a && b"}', /"start".*needs a shell.*"sh", "-c"/],
  ['{"start": ""}', /"start".*is empty/],
  ['{"start": []}', /"start".*names no program/],
  ['{"start": [""]}', /"start".*names no program/],
  ['{"start": ["a\\u0000"]}', /"start".*NUL/],
  ['{"start": ["a\\ud800"]}', /"start".*well-formed/],
  ['{"setup": "a \\udc00"}', /"setup".*well-formed/],
  ['{"start": 7}', /"start".*neither/],
  ['{"port": 70000}', /"port"/],
  ['{"port": "3000"}', /"port"/],
])("%s is refused with what is wrong", (text, why) => {
  expect(() => parseBlueprintFile(text)).toThrow(expect.objectContaining({ code: "BLUEPRINT_INVALID" }));
  expect(() => parseBlueprintFile(text)).toThrow(why);
});

test.each([
  ["brackets", "[".repeat(10_000_000)],
  ["a nested command", `{"start": ${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}}`],
  ["a million words", `{"start": [${"1,".repeat(900_000)}1]}`],
  ["a million fields", `{${Array.from({ length: 500_000 }, (_, at) => `"${at}":1`).join()}}`],
  ["a long line", `{"start": "${"a ".repeat(2_000_000)}"}`],
])("%s are refused at once", (_what, text) => {
  const at = performance.now();
  expect(() => parseBlueprintFile(text)).toThrow(expect.objectContaining({ code: "BLUEPRINT_INVALID" }));
  expect(performance.now() - at).toBeLessThan(1_000);
});
