import type { z } from "zod";
import type { Place } from "../../domain/place.ts";
import { didYouMean, type Found, listed, mostOfASort, quoted } from "../../domain/plan-checks/found.ts";
import { nearest } from "../../domain/texts/nearest.ts";

type Issue = z.core.$ZodIssue;
type Wrong = Omit<Found, "place">;

/** Says what is wrong with a field that is not known at a place. */
export type SayUnknown = (place: Place, field: string) => Wrong;

/** What zod found wrong with what lies at a place, in words for who wrote it. It has to have reported its input. */
export function foundIn(issue: Issue, at: Place, sayUnknown: SayUnknown): Found[] {
  const place = [...at, ...issue.path.map((part) => (typeof part === "number" ? part : String(part)))];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.slice(0, mostOfASort).map((key) => ({ place: [...place, key], ...sayUnknown(place, key) }));
    case "invalid_key":
      return issue.issues.flatMap((inner) => foundIn(inner, place, sayUnknown));
    case "invalid_union": {
      const branch = branchMeant(issue);
      if (branch === undefined) return [{ place, ...mismatch(issue) }];
      return branch.flatMap((inner) => foundIn(inner, place, sayUnknown));
    }
    case "invalid_type":
      // JSON.parse turns a number that is too large into Infinity, and `jsonProblems` reports it.
      if (typeof issue.input === "number" && !Number.isFinite(issue.input)) return [];
      return [{ place, ...mismatch(issue) }];
    case "invalid_value":
      return [{ place, ...mismatch(issue) }];
    case "too_big":
    case "too_small":
      return [{ place, ...beyond(issue) }];
    default:
      return [{ place, message: issue.message, hint: hintOf(issue) }];
  }
}

/** The branch of a union that was meant: one for values of that type. */
function branchMeant(issue: z.core.$ZodIssueInvalidUnion): readonly Issue[] | undefined {
  return issue.errors.find((branch) =>
    branch.every(({ code, path, input }) => {
      const isOfType = code === "invalid_value" ? typeof input === "string" : code !== "invalid_type";
      return path.length > 0 || isOfType;
    }),
  );
}

/** What a value has to be: of one of these types, or one of these texts. */
interface Expected {
  readonly types: readonly string[];
  readonly values: readonly string[];
}

function expectedBy(issue: Issue): Expected {
  if (issue.code === "invalid_type") return { types: [issue.expected], values: [] };
  if (issue.code === "invalid_value") return { types: [], values: issue.values.map(String) };
  if (issue.code !== "invalid_union") return { types: [], values: [] };
  if ("options" in issue && issue.options !== undefined) return { types: [], values: issue.options.map(String) };
  const branches = issue.errors.flat().map(expectedBy);
  return { types: branches.flatMap(({ types }) => types), values: branches.flatMap(({ values }) => values) };
}

function mismatch(issue: Issue): Wrong {
  const { types, values } = expectedBy(issue);
  const given = givenTo(issue);
  const wanted = [...types.map(typeWord), ...(values.length > 0 ? [`one of ${values.join(", ")}`] : [])];
  if (given === undefined) return { message: "is missing", hint: `it has to be ${listed(wanted, "or")}` };
  if (typeof given === "string" && types.length === 0) {
    return { message: `${quoted(given)} is none of ${values.join(", ")}`, hint: didYouMean(nearest(given, values)) };
  }
  return { message: `is ${valueWord(given)} where ${listed(wanted, "or")} has to be`, hint: rewritten(given, types) };
}

/** A union that goes by one field reports the object in which that field is. */
function givenTo(issue: Issue): unknown {
  if (issue.code !== "invalid_union" || issue.discriminator === undefined) return issue.input;
  return (issue.input as Readonly<Record<string, unknown>>)[issue.discriminator];
}

/** The value as the type that it has to be, where that is plain to see. */
function rewritten(given: unknown, types: readonly string[]): string | null {
  if (types.includes("array") && typeof given === "string") return `write [${quoted(given)}]`;
  const isPlain = typeof given === "number" || typeof given === "boolean";
  if (types.includes("string") && isPlain) return `write "${given}"`;
  if (typeof given !== "string") return null;
  const isNumber = types.some((type) => type === "number" || type === "int") && /^\s*-?\d+(\.\d+)?\s*$/.test(given);
  if (isNumber) return `write ${Number(given)}`;
  return types.includes("boolean") && /^(true|false)$/.test(given) ? `write ${given}` : null;
}

function typeWord(type: string): string {
  const words = new Map([
    ["string", "text"],
    ["number", "a number"],
    ["int", "a whole number"],
    ["boolean", "true or false"],
    ["array", "a list"],
    ["object", "an object"],
    ["record", "an object"],
  ]);
  return words.get(type) ?? type;
}

function valueWord(value: unknown): string {
  if (typeof value === "string") return "text";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

function beyond(issue: z.core.$ZodIssueTooBig | z.core.$ZodIssueTooSmall): Wrong {
  const isList = issue.origin === "array";
  if (issue.code === "too_big") {
    const most = issue.maximum;
    if (isList) return { message: `has more than ${most} entries`, hint: null };
    return { message: `is ${String(issue.input)}, and may be ${most} at most`, hint: null };
  }
  const least = issue.minimum;
  if (isList) return { message: "is empty", hint: `it needs ${least} at least` };
  return { message: `is ${String(issue.input)}, and has to be ${least} at least`, hint: null };
}

function hintOf(issue: Issue): string | null {
  const hint: unknown = issue.code === "custom" ? issue.params?.hint : null;
  return typeof hint === "string" ? hint : null;
}
