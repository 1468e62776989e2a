import type { Command } from "./blueprint.ts";

/** Stands for the environment's port in a command's arguments: there is no shell that would fill in a variable. */
export const portPlaceholder = `\${PORT}`;

/** The command with its port filled in. */
export function fillPort(command: Command, port: number): Command {
  const [program, ...args] = command.map((word) => word.replaceAll(portPlaceholder, String(port)));
  return [program ?? "", ...args];
}

/** What only a shell understands: pipes, lists, redirections, expansions, globs. In double quotes few of them count. */
const shellOnly = /[|&;<>()$`*?[\n]/;
const shellOnlyQuoted = /(?<!\\)(?:\\\\)*[$`]/;

/**
 * Splits a line into words by the quoting rules of a POSIX shell. Gives null for a line that needs a shell or that
 * leaves a quote open. `$PORT` and `${PORT}` become the placeholder.
 */
export function splitWords(line: string): Command | null {
  const words: string[] = [];
  const pattern = /\s+|(?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s'"\\])+/gsy;
  const text = line.replace(/\$PORT\b|\$\{PORT\}/g, placeholderMark);
  let end = 0;
  for (const [part] of text.matchAll(pattern)) {
    end += part.length;
    if (part.trim() === "") continue;
    const word = unquote(part);
    if (word === null) return null;
    words.push(word.replaceAll(placeholderMark, portPlaceholder));
  }
  const [program, ...args] = words;
  const isAssignment = program !== undefined && /^\w+=/.test(program);
  return end === text.length && program !== undefined && !isAssignment ? [program, ...args] : null;
}

/** A character of Unicode's private use area, so that the `$` of the placeholder isn't taken for the shell's. */
const placeholderMark = "\ue0ff";

function unquote(word: string): string | null {
  if (/^[~#]/.test(word)) return null;
  let text = "";
  for (const [piece] of word.matchAll(/'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^'"\\]+/gs)) {
    if (piece.startsWith("'")) text += piece.slice(1, -1);
    else if (piece.startsWith("\\")) text += piece.slice(1);
    else if ((piece.startsWith('"') ? shellOnlyQuoted : shellOnly).test(piece)) return null;
    else if (piece.startsWith('"')) text += piece.slice(1, -1).replace(/\\([$`"\\])/g, "$1");
    else text += piece;
  }
  return text;
}
