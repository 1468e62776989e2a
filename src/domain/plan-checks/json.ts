import { deepest } from "../place.ts";
import { type Found, mostOfASort } from "./found.ts";

const mostCharacters = 100_000;

/** Texts that could not be stored or shown, and what is nested deeper than anybody should look. */
export function jsonProblems(document: unknown): Found[] {
  const found: Found[] = [];
  look(document, [], found);
  return found;
}

/** The one recursion over a plan: it goes no deeper than `deepest`. */
function look(value: unknown, place: (string | number)[], found: Found[]): void {
  if (found.length >= mostOfASort) return;
  if (typeof value === "string") {
    note(wrongText(value), place, found);
  } else if (typeof value === "object" && value !== null) {
    if (place.length >= deepest) {
      note({ message: `is nested deeper than ${deepest} levels`, hint: "put it into a file instead" }, place, found);
      return;
    }
    for (const [key, item] of Array.isArray(value) ? value.entries() : Object.entries(value)) {
      place.push(key);
      if (typeof key === "string") note(wrongKey(key), place, found);
      look(item, place, found);
      place.pop();
    }
  }
}

function note(wrong: Omit<Found, "place"> | null, place: readonly (string | number)[], found: Found[]): void {
  if (wrong !== null) found.push({ place: [...place], ...wrong });
}

function wrongKey(key: string): Omit<Found, "place"> | null {
  // In JavaScript it is no key like others, and is lost on the way.
  if (key === "__proto__") return { message: "is no name that a field can have", hint: "choose another name" };
  return wrongText(key);
}

function wrongText(text: string): Omit<Found, "place"> | null {
  if (text.includes("\0")) return { message: "has a NUL character in it", hint: "take it out: it can't be stored" };
  if (!text.isWellFormed()) return { message: "is not well-formed Unicode", hint: "a half of a character is missing" };
  if (text.length <= mostCharacters) return null;
  const isLong = text.length > 2 * mostCharacters || [...text].length > mostCharacters;
  if (!isLong) return null;
  return { message: `is longer than ${mostCharacters} characters`, hint: "put it into a file of the repository" };
}
