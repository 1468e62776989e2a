import { readFile } from "node:fs/promises";
import type { Sql } from "../../../src/store/sql.ts";
import { gitIn } from "../../support/world.ts";
import type { OnTheWay } from "../person.ts";
import type { Sandbox } from "../sandbox.ts";
import { endings } from "../ways.ts";

interface Row {
  readonly id: string;
  readonly branchName: string | null;
  readonly mergeCommitSha: string | null;
  readonly environments: string[];
}

/** Whether each change's agent started as often as it should, landed once or never, and left its branch or not. */
export async function gitProblems(
  sql: Sql,
  { remote, notes }: Sandbox,
  changes: readonly OnTheWay[],
): Promise<string[]> {
  const rows = await sql<Row[]>`
    select c.id, c.branch_name, c.merge_commit_sha,
      array(select e.id from fairlead.environments e where e.change_id = c.id) as environments
    from fairlead.change_requests c where c.id = any (${changes.map(({ id }) => id)})`;
  const starts = await startsIn(notes, changes);
  const log = await gitIn(
    remote,
    "log",
    "--format=%H %P %(trailers:key=Fairlead-Change,valueonly,separator=%x20)",
    "main",
  );
  const commits = log.split("\n").map((line) => line.split(" "));
  const branches = (await gitIn(remote, "for-each-ref", "--format=%(refname:short)", "refs/heads")).split("\n");
  const expectedBranches = new Set(["main"]);

  const found = changes.flatMap(({ id, way }) => {
    const row = rows.find((candidate) => candidate.id === id);
    const wanted = endings[way];
    if (row === undefined) return [`${id} has no row`];
    if (wanted.keepsBranch && row.branchName !== null) expectedBranches.add(row.branchName);
    const merges = commits.filter((words) => words.includes(id));
    const started = row.environments.map((environment) => starts.filter((start) => start === environment).length);
    return [
      merges.length === wanted.merges ? [] : [`${id} (${way}) has ${merges.length} merge commits`],
      merges.every(([commit, ...rest]) => commit === row.mergeCommitSha && rest.length === 3)
        ? []
        : [`${id} says that it landed by ${row.mergeCommitSha}, and git ${merges.flat()}`],
      started.length === wanted.starts && started.every((times) => times === 1)
        ? []
        : [`${id} (${way}) has agents that started ${started} times`],
    ].flat();
  });
  for (const branch of branches) if (!expectedBranches.delete(branch)) found.push(`branch ${branch} is left`);
  for (const branch of expectedBranches) found.push(`branch ${branch} is not there`);
  return [...found, ...(await workProblems(remote, rows, changes))];
}

/** The environment of each start that an agent has noted. */
async function startsIn(notes: string, changes: readonly OnTheWay[]): Promise<string[]> {
  const files = [...new Set(changes.map(({ way }) => `${notes}-${way}`))];
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8").catch(() => "")));
  return texts.flatMap((text) => text.split("\n"));
}

/** Whether what each agent wrote is where it should be: on the target branch, or on the branch that was saved. */
async function workProblems(remote: string, rows: readonly Row[], changes: readonly OnTheWay[]): Promise<string[]> {
  const found: string[] = [];
  for (const { id, way } of changes) {
    const row = rows.find((candidate) => candidate.id === id);
    if (row === undefined || row.branchName === null || way === "rejected") continue;
    const place = endings[way].keepsBranch ? row.branchName : "main";
    const work = await gitIn(remote, "show", `${place}:work-${row.branchName.replace(/^.*\//, "")}`);
    const lines = work.split("\n").sort();
    if (lines.join() !== [...row.environments].sort().join()) found.push(`the work of ${id} on ${place} is ${lines}`);
  }
  return found;
}
