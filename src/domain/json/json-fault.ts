/** Where a text is not JSON, counted from 1, and why. */
export interface JsonFault {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** A piece of JSON: a text, a value of another sort, or a character of its own. The last two are none. */
interface Token {
  readonly kind: "text" | "value" | "{" | "}" | "[" | "]" | "," | ":" | "end" | "bad text" | "bad word";
  readonly at: number;
  readonly length: number;
}

/** What has to come next; after an opening bracket, its closing one may. */
type Next = "value" | "value or ]" | "name" | "name or }" | ":" | ", or bracket" | "end";

/**
 * The first place at which a text stops being JSON; `null` if it is JSON. `JSON.parse` knows that it is not, but for
 * most faults its message doesn't say where.
 */
export function findJsonFault(text: string): JsonFault | null {
  const open: ("{" | "[")[] = [];
  let next: Next = "value";
  let at = 0;
  while (true) {
    const token = tokenAt(text, at);
    const following = follow(next, token, open);
    if (following === null) return faultAt(text, token.at, messageFor(text, token, next, open.at(-1)));
    if (token.kind === "end") return null;
    next = following;
    at = token.at + token.length;
  }
}

/** What comes after a token, which opens or closes what it does; `null` if it may not stand there. */
function follow(next: Next, { kind }: Token, open: ("{" | "[")[]): Next | null {
  const wantsValue = next === "value" || next === "value or ]";
  const wantsName = next === "name" || next === "name or }";
  if (kind === "end") return next === "end" ? "end" : null;
  if (kind === "{" || kind === "[") {
    if (!wantsValue) return null;
    open.push(kind);
    return kind === "{" ? "name or }" : "value or ]";
  }
  if (kind === "}" || kind === "]") {
    const mayClose = next === ", or bracket" || next === (kind === "}" ? "name or }" : "value or ]");
    if (!mayClose || open.at(-1) !== (kind === "}" ? "{" : "[")) return null;
    open.pop();
    return open.length === 0 ? "end" : ", or bracket";
  }
  if (kind === "text" && wantsName) return ":";
  if ((kind === "text" || kind === "value") && wantsValue) return open.length === 0 ? "end" : ", or bracket";
  if (kind === ":") return next === ":" ? "value" : null;
  if (kind === "," && next === ", or bracket") return open.at(-1) === "{" ? "name" : "value";
  return null;
}

const space = /[ \t\n\r]*/y;
/** What may stand in a text as it is: all but quotes, backslashes and control characters. */
const plain = /[ !#-[\]-\uffff]*/y;
const escaped = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const value = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])/y;

function tokenAt(text: string, from: number): Token {
  const at = from + lengthOf(space, text, from);
  const character = text[at];
  if (character === undefined) return { kind: "end", at, length: 0 };
  if (character === '"') return textAt(text, at);
  const punctuation = (["{", "}", "[", "]", ",", ":"] as const).find((one) => one === character);
  if (punctuation !== undefined) return { kind: punctuation, at, length: 1 };
  const length = lengthOf(value, text, at);
  return { kind: length > 0 ? "value" : "bad word", at, length };
}

/** Piece by piece: one pattern for a whole text would fail on one of a million characters. */
function textAt(text: string, start: number): Token {
  let at = start + 1;
  while (true) {
    at += lengthOf(plain, text, at);
    if (text[at] === '"') return { kind: "text", at: start, length: at + 1 - start };
    const length = lengthOf(escaped, text, at);
    if (length === 0) return { kind: "bad text", at, length: 0 };
    at += length;
  }
}

function lengthOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0].length ?? 0;
}

function messageFor(text: string, { kind, at }: Token, next: Next, open: "{" | "[" | undefined): string {
  const closing = open === "{" ? "}" : "]";
  if (kind === "bad text") return badText(text[at]);
  if (kind === "end") return open === undefined ? "there is nothing in it" : `it ends before its last ${closing}`;
  if (next === "end") return "there is something behind its end";
  if (kind === "bad word") return badWord(text, at);
  if (kind === "}" || kind === "]") {
    if (kind !== closing) return `a ${closing} has to close what is open here`;
    return next === "name" || kind === "]" ? "there is a comma too many before this" : "a value is missing before this";
  }
  if (next === ":") return "a colon is missing before this";
  if (next === ", or bracket") return "a comma is missing before this";
  return next.startsWith("name")
    ? "the name of a field has to stand here, in double quotes"
    : "a value is missing here";
}

function badText(character: string | undefined): string {
  if (character === undefined) return "a text has no closing quote";
  if (character === "\\") return "a backslash stands before nothing that it could escape: write two of them";
  return "a text goes over the end of its line, or has a control character in it: write \\n for a new line";
}

function badWord(text: string, at: number): string {
  if (text[at] === "'") return "texts stand in double quotes";
  if (text[at] === "/" || text[at] === "#") return "JSON has no comments";
  const [word = ""] = /[^\s,:[\]{}"]{1,40}/.exec(text.slice(at, at + 100)) ?? [];
  return `${JSON.stringify(word)} is nothing that JSON knows: texts stand in double quotes`;
}

/** A fault at a place of the text, counted in characters from 0. */
export function faultAt(text: string, at: number, message: string): JsonFault {
  const before = text.slice(0, at);
  const line = before.split("\n").length;
  return { line, column: at - before.lastIndexOf("\n"), message };
}
