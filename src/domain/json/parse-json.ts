import { deepest } from "../place.ts";

/** The value of a JSON text, or why there is none: it is not JSON, or exceeds a limit for input from outside. */
export type ParsedJson = { readonly value: unknown } | { readonly problem: string; readonly at: number | null };

/**
 * The limits of a text, checked before it is parsed. `JSON.parse` itself accepts megabytes of brackets, but takes a second
 * for them, and code that recurses into the value later would overflow the stack. After parsing, plans and bodies are
 * limited to `deepest` levels, with a message that names the place: so this limit is higher.
 */
const most = { levels: 2 * deepest, fields: 10_000, values: 1_000_000 } as const;

/** `JSON.parse` for input from outside. `at` is where the text exceeds a limit; null where it is not JSON. */
export function parseJson(text: string): ParsedJson {
  const excess = findExcess(text);
  if (excess !== null) return excess;
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { problem: `is not JSON (${why.slice(0, 200)})`, at: null };
  }
}

/**
 * Where a text exceeds a limit on nested levels, fields in one object, or values; in one pass that stores only the open
 * levels. UTF-8 bytes that were decoded as Latin-1 give the same answer.
 */
export function findExcess(text: string): { readonly problem: string; readonly at: number } | null {
  /** How many fields each open level has so far; a list stays at 0. */
  const fields = new Uint32Array(most.levels + 1);
  let level = 0;
  let values = 1;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case code.quote:
        at = endOfString(text, at);
        break;
      case code.list:
      case code.object:
        level += 1;
        if (level > most.levels) return { problem: `is nested deeper than ${most.levels} levels`, at };
        fields[level] = 0;
        values += 1;
        break;
      case code.listEnd:
      case code.objectEnd:
        // More brackets are closed than were opened, so the text is not JSON, and `JSON.parse` stops here.
        if (level === 0) return null;
        level -= 1;
        break;
      case code.colon: {
        const count = (fields[level] ?? 0) + 1;
        if (count > most.fields) return { problem: `has more than ${most.fields} fields in one object`, at };
        fields[level] = count;
        break;
      }
      case code.comma:
        values += 1;
        break;
    }
    if (values > most.values) return { problem: `has more than ${most.values} values in it`, at };
  }
  return null;
}

const code = {
  quote: 0x22,
  backslash: 0x5c,
  list: 0x5b,
  listEnd: 0x5d,
  object: 0x7b,
  objectEnd: 0x7d,
  colon: 0x3a,
  comma: 0x2c,
} as const;

/** Where the string that begins at a quote ends: at its closing quote, or with the text. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  for (; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (character === code.quote) return at;
    if (character === code.backslash) at += 1;
  }
  return at;
}
