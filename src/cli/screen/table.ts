import Table from "cli-table3";
import type { Screen } from "./screen.ts";

const bare = Object.fromEntries(
  ["top", "bottom", "left", "right", "mid"]
    .flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`])
    .concat("middle")
    .map((place) => [place, ""]),
);

/** Columns under dim heads, aligned by what characters take up on a terminal, with no lines between. */
export function table({ colours }: Screen, heads: readonly string[], rows: readonly (readonly string[])[]): string {
  return drawn([heads.map((head) => colours.dim(head)), ...rows]);
}

export type Fact = readonly [name: string, value: string | null];

/** Names and what they are, one to a line; those without a value are left out. */
export function facts({ colours }: Screen, entries: readonly Fact[]): string {
  return drawn(entries.flatMap(([name, value]) => (value === null ? [] : [[colours.dim(name), value]])));
}

function drawn(rows: readonly (readonly string[])[]): string {
  const style = { head: [], border: [], "padding-left": 0, "padding-right": 2, compact: true };
  const drawing = new Table({ chars: bare, style });
  drawing.push(...rows.map((row) => [...row]));
  return drawing
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}
