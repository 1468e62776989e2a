// Marks that change the order in which a terminal shows what follows, so that text seems to say something else.
const bidi = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * What a terminal obeys instead of showing it: texts for it (OSC, DCS and their like) up to their ends, control sequences
 * (CSI), and other escapes. None goes on over the end of a line, or it could hide what stands in the next. Each part ends
 * where another sequence may begin, so a text that is full of them is still read in one pass.
 */
const escapes = new RegExp(
  [
    "(?:\\u001b[\\]PX^_]|[\\u0090\\u0098\\u009d-\\u009f])[^\\u0007\\u001b\\u0080-\\u009f\\n\\r]*(?:\\u0007|\\u001b\\\\|\\u009c)",
    "(?:\\u001b\\[|\\u009b)[0-?]*[ -/]*[@-~]",
    "\\u001b[ -/]*[0-~]",
  ].join("|"),
  "g",
);

/** Text from elsewhere as a terminal may be given it: no escapes, no control characters but tabs and line ends. */
export function plain(text: string): string {
  return text
    .replace(escapes, "")
    .toWellFormed()
    .replaceAll("\r\n", "\n")
    .replace(bidi, "")
    .replace(/[\u2028\u2029]/g, "\n")
    .replace(/(?![\n\t])\p{Cc}/gu, "");
}

/**
 * The same for what a person has to judge, such as a diff: nothing of it is left out. What a terminal would obey, and
 * what reorders text or can't be seen, is shown by its number: `<U+202E>`. Only line ends are all one.
 */
export function shown(text: string): string {
  return text
    .toWellFormed()
    .replaceAll("\r\n", "\n")
    .replace(
      /(?![\n\t])[\p{Cc}\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/gu,
      (mark) => `<U+${(mark.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}>`,
    );
}

/** Plain text in one line of at most so many characters. */
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
