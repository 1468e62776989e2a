import { type Identity, keyOf, type TableEntry } from "./process-table.ts";

export interface Tree {
  /** The `NAME=value` that each member was started with, unless it dropped it. */
  readonly marker: string;
  readonly roots: readonly Identity[];
  readonly supervisors: readonly Identity[];
  /** The keys of those that were members before. */
  readonly seen: ReadonlySet<string>;
}

/**
 * Finds the members of a tree and all their descendants in a table of all processes. Never among them: ourselves, a
 * supervisor, and what a supervisor runs to keep its books, which is any child of its but the root.
 */
export function findMembers(table: readonly TableEntry[], { marker, roots, supervisors, seen }: Tree): TableEntry[] {
  const rootKeys = new Set(roots.map(keyOf));
  const supervisorKeys = new Set(supervisors.map(keyOf));
  const supervising = table.filter((entry) => supervisorKeys.has(keyOf(entry))).map((entry) => entry.pid);
  const isRoot = (entry: TableEntry) => rootKeys.has(keyOf(entry));
  const isSpared = (entry: TableEntry) =>
    entry.pid === process.pid ||
    supervising.includes(entry.pid) ||
    (supervising.includes(entry.parent) && !isRoot(entry));

  const candidates = table.filter((entry) => !isSpared(entry));
  const children = Map.groupBy(candidates, (entry) => entry.parent);
  const members = new Set(
    candidates.filter((entry) => isRoot(entry) || seen.has(keyOf(entry)) || entry.variables.includes(marker)),
  );
  // A set gives its later additions to the loop that is under way.
  for (const member of members) for (const child of children.get(member.pid) ?? []) members.add(child);
  return [...members];
}
