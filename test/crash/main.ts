import { parseArgs } from "node:util";
import { guardAgainstQueue } from "../../src/main/guard.ts";
import { connect } from "../../src/store/sql.ts";
import { chanceFrom } from "../support/chance.ts";
import { type ChaosOptions, runChaos } from "./chaos/chaos.ts";
import { nameOf, type Point } from "./matrix/boundaries.ts";
import { openLane } from "./matrix/lane.ts";
import { runMatrix } from "./matrix/matrix.ts";
import { type Plan, repeatedAtMost } from "./matrix/plan.ts";
import type { PointRun } from "./matrix/run-point.ts";
import { allWays } from "./matrix/subject.ts";
import { failureLines, matrixTable, seconds, shareStoodFor, unreachedLines } from "./matrix/tables.ts";
import { removeSeed } from "./sandbox.ts";
import { givenServer, ownServer, type Server } from "./server.ts";
import { ways } from "./ways.ts";
import { keepSpares } from "./workers/spares.ts";

// npm run crash [-- matrix|chaos] [--only merged] [--at "git push"] [--share 0.2] [--whole] [--lanes 4] [--seed 7]
// [--changes 200]: kills workers wherever they can be killed, and says what became of the changes. --at takes the
// boundaries with this in their names; --share takes that part of the deaths, by chance, the same ones for the same seed
// and code; --whole tries each way from its start, and not only from where it parts from another.

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: "string" },
    at: { type: "string" },
    share: { type: "string", default: "1" },
    whole: { type: "boolean", default: false },
    lanes: { type: "string", default: "4" },
    seed: { type: "string" },
    changes: { type: "string", default: "200" },
    verbose: { type: "boolean", default: false },
  },
});
const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interruption.abort());
const interrupted = interruption.signal;
const seed = values.seed === undefined ? Math.floor(Math.random() * 1e9) : Number(values.seed);
const share = Number(values.share);
/** Of the boundaries; a few are passed or not by how fast the machine is. */
const enough = 0.98;
/** Of the deaths in a sample, each of which is tried once. */
const enoughOfSample = 0.8;
const say = (text: string) => void process.stdout.write(`${text}\n`);

async function matrix(): Promise<boolean> {
  const began = performance.now();
  const given = process.env.FAIRLEAD_TEST_DATABASE_URL;
  const server = given === undefined ? await ownServer() : await givenServer(given);
  if (given === undefined) await turnOffFsync(server);
  const lanes = Array.from({ length: Number(values.lanes) }, (_, number) => openLane(server, number));
  const spares = keepSpares(2);
  try {
    const chosen = oneOf(allWays, values.only?.split(",") ?? allWays);
    const choose = chooser();
    const plans = await runMatrix({
      lanes,
      spares,
      ways: chosen,
      // What is shared with a way that is not tried has to be tried here.
      isWhole: values.whole || !ways.every((way) => chosen.includes(way)),
      onRun: progress(),
      interrupted,
      ...(choose === null ? {} : { choose }),
    });
    const wrong = failureLines(plans);
    say(["", ...(choose === null ? unreachedLines(plans) : []), ...wrong, "", matrixTable(plans)].join("\n"));
    say(`Of what polls, the first ${repeatedAtMost} passes count. A shared boundary is one before its way parts from`);
    say("another that is tried as well; --whole tries it once more.");
    say(`The crash matrix took ${seconds(performance.now() - began)}; ${wrong.length} runs went wrong.`);
    const missed = isTooLittle(plans, choose !== null);
    if (missed) say("WRONG: too few of the deaths were reached to say anything");
    return wrong.length === 0 && !missed && !interrupted.aborted;
  } finally {
    await spares.close();
    for (const lane of lanes) await lane.close();
    await server.close();
  }
}

/** Which deaths to try; null for as many as stand for every boundary. */
function chooser(): ((plan: Plan) => readonly Point[]) | null {
  const { at } = values;
  if (at !== undefined) return ({ points }) => [...points.values()].filter((point) => nameOf(point).includes(at));
  if (share === 1) return null;
  say(`a sample of ${share} of the matrix with --seed ${seed}`);
  const chance = chanceFrom(seed);
  return ({ deaths }) => deaths.filter(() => chance() < share);
}

function isTooLittle(plans: readonly Plan[], isSample: boolean): boolean {
  if (!isSample) return shareStoodFor(plans) < enough;
  const tried = plans.flatMap(({ runs }) => runs).filter(({ death }) => death !== null);
  return tried.length === 0 || tried.filter(({ reached }) => reached).length < enoughOfSample * tried.length;
}

function oneOf<Name extends string>(known: readonly Name[], wanted: readonly string[]): Name[] {
  const unknown = wanted.filter((name) => !(known as readonly string[]).includes(name));
  if (unknown.length > 0) throw new Error(`there is no ${unknown.join(", ")}, only ${known.join(", ")}`);
  return known.filter((name) => wanted.includes(name));
}

/** Postgres itself is not killed here, so it need not be made to last. */
async function turnOffFsync({ maintenanceUrl }: Server): Promise<void> {
  const sql = connect(maintenanceUrl, { max: 1 });
  await sql`alter system set fsync = off`;
  await sql`select pg_reload_conf()`;
  await sql.end({ timeout: 2 });
}

function progress(): (run: PointRun) => void {
  let count = 0;
  return ({ way, death, reached, problems, elapsedMs }) => {
    count += 1;
    const name = death === null ? "nobody dies" : nameOf(death);
    const isOdd = problems.length > 0 || (death !== null && !reached) || elapsedMs > 20_000;
    if (values.verbose || isOdd) {
      const outcome = problems.length > 0 ? "WRONG" : death !== null && !reached ? "not reached" : "right";
      say(`${way}, ${name}: ${outcome}, ${seconds(elapsedMs)}${problems.length > 0 ? `: ${problems[0]}` : ""}`);
    }
    if (count % 50 === 0) say(`${count} changes`);
  };
}

async function chaos(): Promise<boolean> {
  say(`chaos with --seed ${seed}`);
  const options: ChaosOptions = { seed, changes: Number(values.changes), say, interrupted };
  const wrong = await runChaos(options);
  say(wrong.length === 0 ? "All is as it should be." : ["WRONG:", ...wrong].join("\n    "));
  return wrong.length === 0 && !interrupted.aborted;
}

guardAgainstQueue();
const parts = { matrix, chaos };
const chosenParts = positionals.length === 0 ? Object.keys(parts) : positionals;
let isRight = true;
for (const name of oneOf(Object.keys(parts) as (keyof typeof parts)[], chosenParts)) {
  if (interrupted.aborted) break;
  isRight = (await parts[name]()) && isRight;
}
await removeSeed();
process.exit(isRight ? 0 : 1);
