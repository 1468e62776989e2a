import { expect, test } from "vitest";
import { portPlaceholder } from "../../src/domain/command.ts";
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
  ['{"start": 7}', /"start".*neither/],
  ['{"port": 70000}', /"port"/],
  ['{"port": "3000"}', /"port"/],
])("%s is refused with what is wrong", (text, why) => {
  expect(() => parseBlueprintFile(text)).toThrow(expect.objectContaining({ code: "BLUEPRINT_INVALID" }));
  expect(() => parseBlueprintFile(text)).toThrow(why);
});
