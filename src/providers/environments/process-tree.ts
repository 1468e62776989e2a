import { carries, isMarked, type LimitMark } from "./marks/limit-mark.ts";
import { type Identity, keyOf, type TableEntry } from "./process-table.ts";

export interface Tree {
  /** The `NAME=value` that each member was started with, unless it dropped it. */
  readonly marker: string;
  /** The limits that each member was started with and can't drop; left out, limits are not checked. */
  readonly limits?: LimitMark;
  readonly roots: readonly Identity[];
  readonly supervisors: readonly Identity[];
  /** Those who began a session of the tree, whether they live or not: it finds who dropped the marker and was orphaned. */
  readonly sessions?: readonly Identity[];
  /** The folder of the tree's own, without links: it finds who has left the session as well, but works there. */
  readonly within?: string | undefined;
  /** The keys of those that were members before. */
  readonly seen: ReadonlySet<string>;
}

/**
 * Finds the members of a tree and all their descendants in a table of all processes. Never among them: ourselves and
 * those we descend from, a supervisor, and what a supervisor runs to keep its books, which is any child of its but the
 * root.
 */
export function findMembers(table: readonly TableEntry[], tree: Tree): TableEntry[] {
  const rootKeys = new Set(tree.roots.map(keyOf));
  const supervisorKeys = new Set(tree.supervisors.map(keyOf));
  const supervising = table.filter((entry) => supervisorKeys.has(keyOf(entry))).map((entry) => entry.pid);
  const own = ownLine(table);
  const isRoot = (entry: TableEntry) => rootKeys.has(keyOf(entry));
  const isSpared = (entry: TableEntry) =>
    own.has(entry.pid) || supervising.includes(entry.pid) || (supervising.includes(entry.parent) && !isRoot(entry));

  const candidates = table.filter((entry) => !isSpared(entry));
  const children = Map.groupBy(candidates, (entry) => entry.parent);
  const isInSession = sessionTest(table, tree.sessions ?? []);
  const members = new Set(
    candidates.filter(
      (entry) =>
        isRoot(entry) ||
        tree.seen.has(keyOf(entry)) ||
        hasMark(entry, tree) ||
        isInSession(entry) ||
        isWithin(entry, tree),
    ),
  );
  // A set gives its later additions to the loop that is under way.
  for (const member of members) for (const child of children.get(member.pid) ?? []) members.add(child);
  return [...members];
}

/** We may have been started anywhere, also from a shell in the very folder that is looked at. */
function ownLine(table: readonly TableEntry[]): Set<number> {
  const parents = new Map(table.map(({ pid, parent }) => [pid, parent]));
  const line = new Set<number>();
  for (let pid = process.pid; pid > 0 && !line.has(pid); pid = parents.get(pid) ?? 0) line.add(pid);
  return line;
}

/** A pid isn't given away again while a session has it; so where another process has it now, the session is that one's. */
function sessionTest(table: readonly TableEntry[], sessions: readonly Identity[]): (entry: TableEntry) => boolean {
  const living = new Map(table.map((entry) => [entry.pid, entry]));
  const beganAt = new Map<number, string>();
  for (const began of sessions) {
    const now = living.get(began.pid);
    if (now === undefined || keyOf(now) === keyOf(began)) beganAt.set(began.pid, began.startTime);
  }
  return ({ session, startTime }) => {
    const began = session === null ? undefined : beganAt.get(session);
    return began !== undefined && Number(startTime) >= Number(began);
  };
}

/** Whether it was started with the marks of a tree. */
export function hasMark(entry: TableEntry, { marker, limits }: Pick<Tree, "marker" | "limits">): boolean {
  return entry.variables.includes(marker) || carries(entry.limits, limits);
}

/**
 * Whether its working directory is in the folder, also under the name that the folder has while it is removed, and nothing
 * says that it belongs elsewhere: a person's shell, another user or another environment's agent may work there too.
 */
function isWithin(entry: TableEntry, { within: folder }: Tree): boolean {
  const { directory } = entry;
  if (folder === undefined || directory === null || entry.hasTerminal) return false;
  if (entry.user !== undefined && entry.user !== process.geteuid?.()) return false;
  if (isMarked(entry.limits)) return false; // of another environment: one of ours is found by its mark
  return directory === folder || directory.startsWith(`${folder}/`) || directory.startsWith(`${folder}.partial-`);
}
