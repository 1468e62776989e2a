import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Table from "cli-table3";
import { discardEmbedded } from "../src/providers/postgres/embedded/discard-embedded.ts";
import { openPostgres } from "../src/providers/postgres/open-postgres.ts";
import { migrate } from "../src/store/migrate.ts";
import { connect } from "../src/store/sql.ts";
import { alone, type Bench, chains, lifecycles, realLifecycles } from "./lifecycle.ts";
import { addFinishedChanges, listingP95 } from "./listing.ts";
import { takeovers } from "./takeover.ts";

// npm run bench: what the kernel costs over a bare queue, all measured in this run on the same Postgres.

const rounds = 5;
const perRound = 300;

async function main(): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), "fairlead-bench-"));
  const open = (database: string) => openPostgres({ home, databaseUrl: undefined, database });
  const [empty, full] = [await open("empty"), await open("full")];
  const benches = [await begin(empty.url), await begin(full.url)] as const;
  try {
    say("adding 100,000 finished changes to one of two databases");
    await addFinishedChanges(benches[1].sql, 100_000);
    await measure(home, ...benches);
  } finally {
    for (const { sql } of benches) await sql.end();
    await full.close();
    await empty.close();
    await discardEmbedded(home);
    await rm(home, { recursive: true, force: true });
  }
}

async function begin(url: string): Promise<Bench> {
  await migrate(url);
  const sql = connect(url, { max: 20 });
  await sql`update fairlead.settings set max_active_changes = 20`;
  await sql`insert into fairlead.workspaces (name, repository_url, default_branch, agent, max_active_changes)
    values ('bench', '/nowhere/bench.git', 'main', 'scripted', 20)`;
  return { sql, url, lanes: 10, perRound };
}

/** In turns, round by round, for these machines' speed drifts; the ratios are of medians. */
async function measure(home: string, empty: Bench, full: Bench): Promise<void> {
  say("warming up");
  for (const bench of [empty, full]) await lifecycles(bench);
  await chains(empty, "bare");
  const found = {
    bare: [] as number[],
    kernel: [] as number[],
    transaction: [] as number[],
    full: [] as number[],
    real: [] as number[],
  };
  for (let round = 1; round <= rounds; round += 1) {
    say(`round ${round} of ${rounds}`);
    found.bare.push(await chains(empty, "bare"));
    found.kernel.push(await lifecycles(empty));
    found.transaction.push(await chains(empty, "transaction"));
    found.full.push(await lifecycles(full));
    found.real.push(await realLifecycles(empty));
  }
  say("one change alone");
  const lonely = await alone(empty);
  const listing = await listingP95(full);
  say("killing workers");
  const taken = await takeovers(empty, home, 20);

  const [kernel, bare, transaction] = [median(found.kernel), median(found.bare), median(found.transaction)];
  const perSecond = (value: number) => `${value.toFixed(0)}/s`;
  const table = new Table({ head: ["measured", "median", "ratio", "to reach"], style: { head: [], border: [] } });
  table.push(
    ["changes, INSERT to cleaned up, by tasks that load and settle", perSecond(kernel), "", ""],
    ["(a) a bare chain of as many jobs", perSecond(bare), (kernel / bare).toFixed(2), "≥ 0.8"],
    [
      "(b) with begin/update/add_job/commit in each",
      perSecond(transaction),
      (kernel / transaction).toFixed(2),
      "≥ 1.1",
    ],
    [
      "changes beside 100,000 finished ones",
      perSecond(median(found.full)),
      (median(found.full) / kernel).toFixed(2),
      "0.9 to 1.1",
    ],
    [
      "changes by the real tasks, effects that do nothing",
      perSecond(median(found.real)),
      (median(found.real) / bare).toFixed(2),
      "",
    ],
    ["one of these alone, INSERT to merged, p50", `${lonely.toFixed(1)} ms`, "", "≤ 25 ms"],
    ["GET /api/changes beside 100,000 finished ones, p95", `${listing.toFixed(1)} ms`, "", "≤ 25 ms"],
    ["a killed worker's job runs elsewhere, of 20", `${median(taken).toFixed(0)} ms`, "", "≤ 1,000 ms"],
  );
  process.stdout.write(`${table.toString()}\n`);
  process.stdout.write(
    `10 at once, ${rounds} rounds of ${perRound} in turns; slowest and fastest: ${JSON.stringify(spread({ ...found, taken }))}\n`,
  );
}

function spread(found: Record<string, number[]>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(found).map(([name, values]) => [
      name,
      `${Math.min(...values).toFixed(0)}–${Math.max(...values).toFixed(0)}`,
    ]),
  );
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function say(text: string): void {
  process.stderr.write(`${text} …\n`);
}

await main();
