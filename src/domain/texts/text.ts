/** Text as Postgres can store it: without NUL characters, and without lone surrogates, which its JSON refuses. */
export function storable(text: string): string {
  return text.split("\0").join("\uFFFD").toWellFormed(); // replaceAll takes seconds on a text full of NULs
}

/** The last lines of an output that say something, for a message to a person. */
export function lastLines(text: string, lines = 8, characters = 1500): string {
  // Cut before it is split: an output may consist of millions of line breaks.
  const said = text
    .slice(-100_000)
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "");
  const end = said.slice(-lines).join("\n");
  return end.length > characters ? `…${end.slice(-characters)}` : end || "it printed nothing";
}

/** The first line of a text with its white space and control characters folded, cut to a length. */
export function oneLine(text: string, characters = 72): string {
  const line = text.replaceAll(/[\p{C}\s]+/gu, " ").trim();
  const points = [...line];
  return points.length > characters ? `${points.slice(0, characters - 1).join("")}…` : line;
}
