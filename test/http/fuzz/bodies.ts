import { z } from "zod";
import type { Route } from "../../../src/http/route.ts";
import { hostileJson, hostileTexts } from "./hostile.ts";
import type { Random } from "./random.ts";

/** As much of a JSON Schema as is used here. */
interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
}

/** Texts that fit, so that requests get past the first check: by the name of a field, and any. */
export interface Known {
  readonly fields: Readonly<Record<string, readonly string[]>>;
  readonly texts: readonly string[];
}

/** Chance, what there is, and how likely it is that something hostile stands in a place. */
interface Making {
  readonly random: Random;
  readonly known: Known;
  readonly hostility: number;
  /** The schemas that others refer to. */
  readonly named: Readonly<Record<string, Schema>>;
}

/** A body for a route as JSON text: now and then it is right, mostly something in it is not. */
export function bodyFor(route: Route, known: Known, random: Random): string {
  const hostility = random.pick([0, 0.03, 0.12, 1]);
  const schema = schemaOf(route);
  const making = { random, known, hostility, named: schema.$defs ?? {} };
  const text = route.path === "/api/plans" ? planText(making) : sample("", schema, making);
  if (random.chance(hostility / 3)) return text.slice(0, random.below(text.length + 1));
  if (random.chance(hostility / 3)) return text + hostileJson(random);
  return text;
}

function schemaOf({ input }: Route): Schema {
  return z.toJSONSchema(input.body ?? z.unknown(), { io: "input", unrepresentable: "any" }) as Schema;
}

function sample(name: string, schema: Schema, making: Making): string {
  const { random, known, hostility, named } = making;
  if (random.chance(hostility)) return hostileJson(random);
  if (schema.$ref !== undefined) return sample(name, named[schema.$ref.replace("#/$defs/", "")] ?? {}, making);
  if (schema.anyOf !== undefined) return sample(name, random.pick(schema.anyOf), making);
  if (schema.enum !== undefined) return JSON.stringify(random.pick(schema.enum));
  switch (schema.type) {
    case "object":
      return `{${fieldsOf(schema, making).join()}}`;
    case "array":
      return `[${Array.from({ length: random.below(4) }, () => sample(name, schema.items ?? {}, making)).join()}]`;
    case "string":
      return JSON.stringify(random.pick(known.fields[name] ?? known.texts));
    case "integer":
    case "number":
      return String(1 + random.below(5));
    case "boolean":
      return String(random.chance(0.5));
    default:
      return "null";
  }
}

function fieldsOf({ properties = {}, required = [], additionalProperties }: Schema, making: Making): string[] {
  const { random, hostility } = making;
  const fields = Object.entries(properties)
    .filter(([name]) => (required.includes(name) ? !random.chance(hostility) : random.chance(0.3)))
    .map(([name, inner]) => `${JSON.stringify(name)}:${sample(name, inner, making)}`);
  if (typeof additionalProperties === "object" && random.chance(hostility * 2)) {
    fields.push(`${JSON.stringify(random.pick(hostileTexts))}:${sample("", additionalProperties, making)}`);
  }
  if (random.chance(hostility)) fields.push(`${JSON.stringify(random.pick(hostileTexts))}:${hostileJson(random)}`);
  return fields;
}

const plan = {
  plan_id: "fuzzed",
  version: 1,
  variables: [{ name: "WHO", default: "nobody" }],
  globals: { env: { A: "1" }, max_concurrency: 2 },
  stages: { initial: "A", moves: { A: ["B"], B: [] }, ends: { succeeded: "B", failed: "B", cancelled: "B" } },
  steps: [
    { id: "a", command: "true", args: ["${WHO}"], outputs: ["n"], retries: 1 },
    { id: "b", kind: "wait", wait: { for: "choice", message: "Which?", choices: ["x", "y"] }, depends_on: ["a"] },
    {
      id: "c",
      kind: "agent",
      role: "plan",
      prompt: "${steps.a.outputs.n}",
      schema: { type: "object" },
      depends_on: ["a"],
    },
    { id: "d", kind: "plan", plan: "other", variables: { X: "1" }, timeout_sec: 5 },
  ],
};

/** A plan with some of its parts replaced or left out. */
function planText({ random, known, hostility }: Making): string {
  const write = (value: unknown): string => {
    if (random.chance(hostility / 10)) return hostileJson(random);
    if (random.chance(hostility / 10)) return JSON.stringify(random.pick(known.texts));
    if (Array.isArray(value)) return `[${value.map(write).join()}]`;
    if (typeof value !== "object" || value === null) return JSON.stringify(value);
    const kept = Object.entries(value).filter(() => !random.chance(hostility / 20));
    return `{${kept.map(([name, item]) => `${JSON.stringify(name)}:${write(item)}`).join()}}`;
  };
  return write(plan);
}
