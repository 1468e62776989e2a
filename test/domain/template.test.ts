import fc from "fast-check";
import { expect, test } from "vitest";
import { expandText, expandValue, type Reference, readTemplate } from "../../src/domain/plans/template.ts";

const shown = (reference: Reference) => {
  if (reference.kind === "output") return `<${reference.step}/${reference.name}>`;
  return reference.kind === "run" ? `<run ${reference.name}>` : `<${reference.name}>`;
};

test.each([
  ["plain", "plain"],
  [`\${NAME}`, "<NAME>"],
  [`a\${_x9}b\${_x9}`, "a<_x9>b<_x9>"],
  [`\${steps.build-1.outputs.image_tag}`, "<build-1/image_tag>"],
  [`\${run.id} in \${run.folder}`, "<run id> in <run folder>"],
  [`\${run}`, "<run>"],
  ["$$", "$"],
  [`$\${NAME}`, `\${NAME}`],
  [`$$\${NAME}`, "$<NAME>"],
  ["$5, $HOME, $(id), }{, $", "$5, $HOME, $(id), }{, $"],
])("%s becomes %s", (text, expanded) => {
  expect(readTemplate(text).malformed).toEqual([]);
  expect(expandText(text, shown)).toBe(expanded);
});

test.each([
  [`a \${NAME`, `\${NAME`, false],
  [`\${`, `\${`, false],
  [`\${}`, `\${}`, true],
  [`\${ NAME }`, `\${ NAME }`, true],
  [`\${9}`, `\${9}`, true],
  [`\${A\${B}}`, `\${A\${B}`, true],
  [`\${A:-b}`, `\${A:-b}`, true],
  [`\${run.name}`, `\${run.name}`, true],
  [`\${steps.a.output.b}`, `\${steps.a.output.b}`, true],
  [`\${steps.-a.outputs.b}`, `\${steps.-a.outputs.b}`, true],
  [`\${${"A".repeat(65)}}`, `\${${"A".repeat(65)}}`, true],
])("in %s, %s is malformed and stays", (text, part, closed) => {
  expect(readTemplate(text)).toEqual({ references: [], malformed: [{ text: part, closed }] });
  expect(expandText(text, shown)).toBe(text);
});

test("a text's references are told once each, with what is malformed between them", () => {
  expect(readTemplate(`\${A} \${ } \${steps.s.outputs.A} \${A} \${run.id}`)).toEqual({
    references: [
      { kind: "variable", name: "A" },
      { kind: "output", step: "s", name: "A" },
      { kind: "run", name: "id" },
    ],
    malformed: [{ text: `\${ }`, closed: true }],
  });
});

test("a value goes in as it is, whatever it looks like", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.constantFrom("$$", "$&", "$1", `\${A}`, `\${`)), (value) => {
      expect(expandText(`<\${A}|\${A}>`, () => value)).toBe(`<${value}|${value}>`);
    }),
  );
});

test("any text can be said, with each dollar doubled", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("$", "{", "}", "A", " ") }), (text) => {
      const doubled = text.replaceAll("$", () => "$$");
      expect(readTemplate(doubled)).toEqual({ references: [], malformed: [] });
      expect(expandText(doubled, () => "x")).toBe(text);
    }),
  );
});

test("of a value all texts are expanded, and its keys are not", () => {
  const text = `\${A}`;
  const value = { [text]: [text, 1, null, true, { deep: [`-\${run.id}`] }], plain: text };
  expect(expandValue(value, shown)).toEqual({ [text]: ["<A>", 1, null, true, { deep: ["-<run id>"] }], plain: "<A>" });
  expect(value.plain).toBe(text);
});

test("a small text can't be made to fill the memory", () => {
  const text = `\${A}`.repeat(1_000);
  expect(() => expandText(text, () => "x".repeat(100_000))).toThrow(
    expect.objectContaining({ code: "PLAN_TEXT_TOO_LONG", details: { limit: 4 * 1024 * 1024 } }),
  );
});
