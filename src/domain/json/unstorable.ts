import { deepest, type Place } from "../place.ts";

/** A part of a JSON value that can't be stored, and why. */
export interface Unstorable {
  readonly place: Place;
  readonly message: string;
  readonly hint: string | null;
}

export interface UnstorableLimits {
  /** How many to find at the most. */
  readonly most: number;
  /** Of one text; left out: no limit. */
  readonly characters?: number;
}

/**
 * The parts of a JSON value that Postgres can't store or that can't be shown: NUL characters, lone surrogates, field names
 * and numbers that JavaScript loses, and values that are nested too deep.
 */
export function findUnstorable(value: unknown, limits: UnstorableLimits): Unstorable[] {
  const found: Unstorable[] = [];
  look(value, [], { found, limits });
  return found;
}

type Wrong = Omit<Unstorable, "place">;

interface Search {
  readonly found: Unstorable[];
  readonly limits: UnstorableLimits;
}

/** The one recursion over a value from outside: it goes no deeper than `deepest`. */
function look(value: unknown, place: (string | number)[], search: Search): void {
  if (search.found.length >= search.limits.most) return;
  if (typeof value === "string") {
    note(wrongText(value, search.limits), place, search);
  } else if (typeof value === "number") {
    if (!Number.isFinite(value)) note({ message: "is larger than numbers can be", hint: null }, place, search);
  } else if (typeof value === "object" && value !== null) {
    if (place.length >= deepest) {
      note({ message: `is nested deeper than ${deepest} levels`, hint: "put it into a file instead" }, place, search);
      return;
    }
    for (const [key, item] of Array.isArray(value) ? value.entries() : Object.entries(value)) {
      place.push(key);
      if (typeof key === "string") note(wrongKey(key, search.limits), place, search);
      look(item, place, search);
      place.pop();
    }
  }
}

function note(wrong: Wrong | null, place: readonly (string | number)[], { found }: Search): void {
  if (wrong !== null) found.push({ place: [...place], ...wrong });
}

function wrongKey(key: string, limits: UnstorableLimits): Wrong | null {
  // JavaScript treats it as an object's prototype, so a field of this name would be lost.
  if (key === "__proto__") return { message: "is no name that a field can have", hint: "choose another name" };
  return wrongText(key, limits);
}

function wrongText(text: string, { characters = Number.POSITIVE_INFINITY }: UnstorableLimits): Wrong | null {
  if (text.includes("\0")) return { message: "has a NUL character in it", hint: "take it out: it can't be stored" };
  if (!text.isWellFormed()) return { message: "is not well-formed Unicode", hint: "a half of a character is missing" };
  if (text.length <= characters) return null;
  const isLong = text.length > 2 * characters || [...text].length > characters;
  if (!isLong) return null;
  return { message: `is longer than ${characters} characters`, hint: "put it into a file of the repository" };
}
