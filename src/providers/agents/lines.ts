/** The lines that have something on them. */
export function linesOf(output: string): string[] {
  return output.split(/\r?\n/).filter((line) => line.trim() !== "");
}

/** The end of a text in whole lines, at most `limit` characters; the end of its last line when that alone is longer. */
export function lastLines(output: string, limit: number): string {
  const kept: string[] = [];
  let room = limit;
  for (const line of linesOf(output).reverse()) {
    if (line.length > room) break;
    kept.unshift(line);
    room -= line.length + 1;
  }
  return kept.length > 0 ? kept.join("\n") : output.trim().slice(-limit);
}

/** The beginning of a text, with a mark when there was more. */
export function shorten(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1)}…`;
}

/** Puts what a program said behind our own sentence, if it said anything. */
export function withDetail(sentence: string, output: string): string {
  const detail = lastLines(output, 1_000);
  return detail === "" ? sentence : `${sentence} It said: ${detail}`;
}
