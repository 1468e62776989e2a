import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { planJsonSchema } from "../../src/wire/plans/plan-schema.ts";
import { fullPlan, planWith, step } from "./plan-examples.ts";

test.each([
  ["2020-12", new Ajv2020()],
  ["draft-07", new Ajv()],
])("tools for %s can use it, in strict mode", (_dialect, ajv) => {
  const validate = ajv.compile(planJsonSchema);
  expect(validate(fullPlan), JSON.stringify(validate.errors)).toBe(true);
  expect(validate(planWith([step("a", { kind: "command" }), step("b", { cwd: null })]))).toBe(true);
});

const agent = { id: "a", kind: "agent", role: "code", prompt: "Do" };
const wait = (given: object) => ({ id: "a", kind: "wait", wait: given });

test.each([
  ["no steps", planWith([])],
  ["a field that there is not", planWith([step("a")], { verison: 1 })],
  ["an id with a blank", planWith([step("a b")])],
  ["a dependency with a blank", planWith([step("a", { depends_on: ["b c"] })])],
  ["an outcome that there is not", planWith([step("a", { when: { b: "done" } })])],
  ["no outcome", planWith([step("a", { when: { b: [] } })])],
  ["a kind that there is not", planWith([step("a", { kind: "shell" })])],
  ["a command without its program", planWith([{ id: "a" }])],
  ["a field of another kind", planWith([step("a", { prompt: "Do" })])],
  ["an agent without a role", planWith([{ ...agent, role: undefined }])],
  ["outputs of an agent", planWith([{ ...agent, outputs: ["a"] }])],
  ["a wait for nothing", planWith([wait({ message: "?" })])],
  ["a wait for two times", planWith([wait({ for: "time", seconds: 1, until: "2026-11-21T08:15Z" })])],
  ["a wait for no time", planWith([wait({ for: "time" })])],
  ["choices in an approval", planWith([wait({ for: "approval", message: "?", choices: ["a"] })])],
  ["a text of blanks", planWith([{ ...agent, prompt: " " }])],
  ["a time limit of nothing", planWith([step("a", { timeout_sec: 0 })])],
  ["a variable of the environment that is ours", planWith([step("a", { env: { FAIRLEAD_RUN: "" } })])],
])("it refuses %s", (_what, document) => {
  expect(new Ajv2020().validate(planJsonSchema, structuredClone(document))).toBe(false);
});

test("every field is described, so that an editor can explain it", () => {
  const fields = fieldsIn(planJsonSchema, "");
  expect(fields.length).toBeGreaterThan(70);
  expect(fields.filter(({ description }) => description === "").map(({ path }) => path)).toEqual([]);
});

test("it can be put into a file as it is", () => {
  expect(JSON.parse(JSON.stringify(planJsonSchema))).toEqual(planJsonSchema);
});

interface Field {
  readonly path: string;
  readonly description: string;
}

/** The properties of all objects in a schema. */
function fieldsIn(schema: unknown, path: string): Field[] {
  if (typeof schema !== "object" || schema === null) return [];
  const { properties, ...rest } = schema as Readonly<Record<string, unknown>>;
  const own = Object.entries(properties ?? {}).flatMap(([name, field]) => {
    const { description = "" } = field as { readonly description?: string };
    return [{ path: `${path}.${name}`, description }, ...fieldsIn(field, `${path}.${name}`)];
  });
  return [...own, ...Object.values(rest).flatMap((inner) => fieldsIn(inner, path))];
}
