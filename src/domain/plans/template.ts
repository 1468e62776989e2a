import { PlanTextTooLong } from "../faults/plans.ts";

/**
 * What a text of a plan may name: `${NAME}`, `${steps.<id>.outputs.<name>}`, `${run.id}` and `${run.folder}`. `$$` is a
 * dollar, and so is a `$` before anything but a brace.
 */
export type Reference =
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "output"; readonly step: string; readonly name: string }
  | { readonly kind: "run"; readonly name: RunFact };

const runFacts = ["id", "folder"] as const;
type RunFact = (typeof runFacts)[number];

/** What a reference is replaced by. */
export type Lookup = (reference: Reference) => string;

/** The references in a text, and each `${…}` that is none: as it stands there, and whether its brace is closed. */
export interface TemplateReading {
  readonly references: readonly Reference[];
  readonly malformed: readonly { readonly text: string; readonly closed: boolean }[];
}

/** Of variables, and of outputs. */
export const templateName = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

const dollars = /\$(?:\$|\{([^}]*)(\}?))/g;
const output = /^steps\.([A-Za-z0-9][A-Za-z0-9_-]{0,63})\.outputs\.([A-Za-z_][A-Za-z0-9_]{0,63})$/;

/** One text may name long values many times; nothing that a program or an agent is given needs as much as this. */
const longest = 4 * 1024 * 1024;

const plainText: TemplateReading = { references: [], malformed: [] };

/** Each reference of a text once. */
export function readTemplate(text: string): TemplateReading {
  if (!text.includes("$")) return plainText;
  const references = new Map<string, Reference>();
  const malformed: { text: string; closed: boolean }[] = [];
  for (const [whole, inside, brace] of text.matchAll(dollars)) {
    if (inside === undefined) continue;
    const reference = brace === "" ? null : referenceOf(inside);
    if (reference === null) malformed.push({ text: whole, closed: brace !== "" });
    else references.set(inside, reference);
  }
  return { references: [...references.values()], malformed };
}

/**
 * The text with what its references stand for. Values go in as they are: a `${…}` in one is text. What is malformed
 * stays, as a checked plan has none of it. Throws `PlanTextTooLong`.
 */
export function expandText(text: string, lookup: Lookup): string {
  let length = text.length;
  return text.replace(dollars, (whole: string, inside: string | undefined, brace: string | undefined) => {
    if (inside === undefined) return "$";
    const reference = brace === "" ? null : referenceOf(inside);
    if (reference === null) return whole;
    const value = lookup(reference);
    length += value.length;
    if (length > longest) throw new PlanTextTooLong(text, longest);
    return value;
  });
}

/** The same for each text in a value that came from JSON; keys are no texts. */
export function expandValue<Value>(value: Value, lookup: Lookup): Value {
  return expanded(value, lookup) as Value;
}

function expanded(value: unknown, lookup: Lookup): unknown {
  if (typeof value === "string") return expandText(value, lookup);
  if (Array.isArray(value)) return value.map((item) => expanded(item, lookup));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expanded(item, lookup)]));
}

function referenceOf(inside: string): Reference | null {
  if (templateName.test(inside)) return { kind: "variable", name: inside };
  const fact = runFacts.find((name) => inside === `run.${name}`);
  if (fact !== undefined) return { kind: "run", name: fact };
  const [, step, name] = output.exec(inside) ?? [];
  return step === undefined || name === undefined ? null : { kind: "output", step, name };
}
