// Marks that change the order in which a terminal shows what follows, so that text seems to say something else.
const bidi = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * The escape sequences that a terminal obeys instead of showing them: strings (OSC, DCS, SOS, PM, APC) up to their
 * terminator, control sequences (CSI), and other escapes. None matches over the end of a line, because it could hide the
 * next line. Each part stops where another sequence may begin, so that a text full of them is matched in linear time.
 */
const escapes = new RegExp(
  [
    "(?:\\u001b[\\]PX^_]|[\\u0090\\u0098\\u009d-\\u009f])[^\\u0007\\u001b\\u0080-\\u009f\\n\\r]*(?:\\u0007|\\u001b\\\\|\\u009c)",
    "(?:\\u001b\\[|\\u009b)[0-?]*[ -/]*[@-~]",
    "\\u001b[ -/]*[0-~]",
  ].join("|"),
  "g",
);

/** Untrusted text that is safe to print: without escape sequences, and without control characters but tabs and line breaks. */
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
 * The same for text that a person has to review, such as a diff: nothing is left out. Control characters, and characters that
 * reorder text or are invisible, are shown by their number: `<U+202E>`. Only line breaks are normalized.
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
