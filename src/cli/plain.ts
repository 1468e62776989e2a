import { stripVTControlCharacters } from "node:util";

// Marks that change the order in which a terminal shows what follows, so that text seems to say something else.
const bidi = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Text of somebody else's as a terminal may be given it: no escapes, no control characters but tabs and line ends. */
export function plain(text: string): string {
  return stripVTControlCharacters(text)
    .toWellFormed()
    .replaceAll("\r\n", "\n")
    .replace(bidi, "")
    .replace(/[\u2028\u2029]/g, "\n")
    .replace(/(?![\n\t])\p{Cc}/gu, "");
}

/** The same in one line of at most so many characters. */
export function plainLine(text: string, characters = 72): string {
  const line = plain(text).replace(/\s+/g, " ").trim();
  const points = [...line];
  return points.length <= characters
    ? line
    : `${points
        .slice(0, characters - 1)
        .join("")
        .trimEnd()}…`;
}
