import { deepest } from "../place.ts";

/** A text's value, or why there is none: the text is no JSON, or has more in it than a text from outside may have. */
export type ParsedJson = { readonly value: unknown } | { readonly problem: string; readonly at: number | null };

/**
 * What a text may have in it before it is parsed. `JSON.parse` itself takes megabytes of brackets, but needs a second
 * for them, and what recurses into the value later runs out of stack. Plans and bodies are held to `deepest` levels when
 * they have been parsed, and told where they are deeper: so this has some more.
 */
const most = { levels: 2 * deepest, fields: 10_000, values: 1_000_000 } as const;

/** `JSON.parse` for text from outside. `at` is where the text goes beyond a limit; null where it is no JSON. */
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
 * Where a text that is JSON up to there has more nested levels, fields in one object, or values than it may have; in one
 * pass that holds no more than the open levels. Bytes of UTF-8 that were read as Latin-1 will do as well.
 */
export function findExcess(text: string): { readonly problem: string; readonly at: number } | null {
  /** How many fields the object of each open level has; of lists too, where it stays 0. */
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
        // Where more is closed than was opened, the text is no JSON, and nothing behind that place is parsed.
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
