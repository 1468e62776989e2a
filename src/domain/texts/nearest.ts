const longest = 100;

/**
 * The one of `known` that was probably meant by `word`, for a "did you mean"; `null` when none is like it. A third of
 * the letters may be wrong, and capitals don't count.
 */
export function nearest(word: string, known: Iterable<string>): string | null {
  if (word.length > longest) return null;
  const wanted = word.toLowerCase();
  let best: string | null = null;
  let allowed = word.length < 3 ? 0 : Math.floor(word.length / 3);
  for (const candidate of known) {
    const mistakes = distance(wanted, candidate.toLowerCase(), allowed);
    if (mistakes > allowed) continue;
    best = candidate;
    allowed = mistakes - 1;
    if (allowed < 0) break;
  }
  return best;
}

/**
 * Levenshtein's distance, where two neighbours that changed places are one mistake. What is above `limit` may be told
 * as anything above it: of the thousands of ids in a plan nearly all are put aside by their length or first letters.
 */
export function distance(a: string, b: string, limit = Number.POSITIVE_INFINITY): number {
  if (Math.abs(a.length - b.length) > limit) return Number.POSITIVE_INFINITY;
  let twoAbove: readonly number[] = [];
  let above: readonly number[] = Array.from({ length: b.length + 1 }, (_, column) => column);
  let leastAbove = 0;
  for (let row = 1; row <= a.length; row += 1) {
    const current = nextRow(a, b, row, above, twoAbove);
    const least = Math.min(...current);
    if (least > limit && leastAbove > limit) return Number.POSITIVE_INFINITY;
    twoAbove = above;
    above = current;
    leastAbove = least;
  }
  return cell(above, b.length);
}

function nextRow(a: string, b: string, row: number, above: readonly number[], twoAbove: readonly number[]): number[] {
  const current = [row];
  for (let column = 1; column <= b.length; column += 1) {
    const replaced = cell(above, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1);
    const added = Math.min(cell(above, column), cell(current, column - 1)) + 1;
    const haveSwapped = column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
    const swapped = haveSwapped ? cell(twoAbove, column - 2) + 1 : Number.POSITIVE_INFINITY;
    current.push(Math.min(replaced, added, swapped));
  }
  return current;
}

function cell(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
