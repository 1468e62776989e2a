import { findUnstorable } from "../json/unstorable.ts";
import { type Found, mostOfASort } from "./found.ts";

/** Texts that could not be stored or shown, and what is nested deeper than anybody should look. */
export function jsonProblems(document: unknown): Found[] {
  return findUnstorable(document, { most: mostOfASort, characters: 100_000 });
}
