/** More lines than an agent prints in hours; an output of nothing but line breaks has millions. */
const mostLines = 40_000;

/** The last lines that are not blank, without trailing white space. */
export function linesOf(output: string, most = mostLines): string[] {
  const lines: string[] = [];
  for (let end = wordsEnd(output, output.length); end > 0 && lines.length < most; ) {
    const start = output.lastIndexOf("\n", end - 1) + 1;
    lines.push(output.slice(start, end));
    end = wordsEnd(output, start);
  }
  return lines.reverse().filter((line) => line.trim() !== "");
}

/** Where the white space before a place begins. */
function wordsEnd(text: string, before: number): number {
  let end = before;
  while (end > 0 && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return end;
}

/** A space, a tab, or a line break. Not a regular expression, because there may be millions of characters. */
function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

/** The end of a text in whole lines, at most `limit` characters; the end of its last line when that alone is longer. */
export function lastLines(output: string, limit: number): string {
  const kept: string[] = [];
  let room = limit;
  // Each line has at least one character and its line break, so `limit` lines are enough.
  for (const line of linesOf(output, limit).reverse()) {
    if (line.length > room) break;
    kept.unshift(line);
    room -= line.length + 1;
  }
  return kept.length > 0 ? kept.join("\n") : output.trim().slice(-limit);
}

/** The beginning of a text, cut between characters, with a mark when there was more. */
export function shorten(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}

/** Appends what a program said to our own sentence, if it said anything. */
export function withDetail(sentence: string, output: string): string {
  const detail = lastLines(output, 1_000);
  return detail === "" ? sentence : `${sentence} It said: ${detail}`;
}
