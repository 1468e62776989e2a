import { randomInt } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { roles } from "../../../src/domain/role.ts";
import { routesByNoun } from "../../../src/http/routes.ts";
import { planOf, step } from "../../support/plans.ts";
import { startPlan } from "../../support/runs.ts";
import { changeIn, type Served, serve } from "../support.ts";
import type { Known } from "./bodies.ts";
import { makeRandom } from "./random.ts";
import { type Fuzzed, requestFor, send } from "./requests.ts";

/** `FAIRLEAD_FUZZ_SEED=<seed> npx vitest run test/http/fuzz` sends the same requests once more. */
const seed = Number(process.env.FAIRLEAD_FUZZ_SEED ?? randomInt(2 ** 32));
/** How often each route is asked. */
const rounds = Number(process.env.FAIRLEAD_FUZZ_ROUNDS ?? 60);
const slowMs = 1_000;

let served: Served;
let known: Known;
beforeAll(async () => {
  served = await serve();
  const { world } = served;
  const remote = await world.repository();
  await world.workspace("shop", remote, []);
  const changes = [
    await changeIn(world, "implementing"),
    await changeIn(world, "deployed"),
    await changeIn(world, "deployed"),
  ];
  const run = await startPlan(world, planOf([step("a"), { ...step("b"), depends_on: ["a"] }]));
  const rows = await world.database.sql<{ id: string }[]>`select id from fairlead.environments limit 2`;
  const ids = [...changes, run, ...rows.map(({ id }) => id)];
  const endings = ids.map((id) => id.slice(-6));
  known = {
    texts: ["shop", "a", "b", "scripted", "main", "fuzzed", "deployed", "approve", "0-0", "1", "2", ...ids, ...endings],
    fields: {
      workspace: ["shop"],
      agent: ["scripted", "claude"],
      target_branch: ["main"],
      default_branch: ["main"],
      repository_url: [remote, remote, "/nowhere"],
      name: Array.from({ length: 50 }, (_, at) => `name-${at}`),
      plan_id: ["fuzzed"],
      folder: ["/tmp"],
      setup: ["true"],
      start: ["true"],
      check: ["true"],
      word: ["x", "approve"],
    },
  };
});
afterAll(() => served.close());

test("whatever a client sends to a route, it is answered soon and by no fault of the server's", {
  timeout: 120_000,
}, async () => {
  console.info(`FAIRLEAD_FUZZ_SEED=${seed}`);
  const random = makeRandom(seed);
  const url = new URL(served.server.url);
  const port = Number(url.port);
  const tokens = ["", "fl_01ARZ3NDEKTSV4RRFFQ69G5FAV_x", ...roles.map((role) => served.tokens[role])];
  const wrong: object[] = [];
  const statuses = new Map<number, number>();
  const check = async (request: Fuzzed, tries = 3): Promise<void> => {
    const { status, text, tookMs } = await send(port, request);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    const isRemotes = status === 502 && text.includes('"REPOSITORY_UNREACHABLE"');
    const isFault = status >= 500 && !isRemotes;
    // The machine may be busy with other tests: what is slow by itself is slow each time.
    const isSlow = tookMs > slowMs && !isRemotes;
    if (isSlow && !isFault && tries > 1) return check(request, tries - 1);
    if (isFault || isSlow) {
      wrong.push({
        head: request.head.slice(0, 500),
        body: request.body.toString("latin1").slice(0, 500),
        status,
        tookMs,
        text: text.slice(-400),
      });
    }
  };
  for (let round = 0; round < rounds; round += 1) {
    for (const route of routesByNoun.flat()) await check(requestFor(route, { host: url.host, tokens, known }, random));
  }
  expect(wrong, `FAIRLEAD_FUZZ_SEED=${seed}`).toEqual([]);
  // Requests reached the actions, not only the first check.
  for (const status of [200, 201, 202, 400, 401, 403, 404, 405, 409, 413, 415, 421, 429])
    expect([...statuses.keys()]).toContain(status);
  expect((await served.ask("GET", "/healthz")).status).toBe(200);
  await served.world.row(async () => {
    const { text } = await served.ask("GET", "/metrics");
    return text.includes("\nfairlead_event_streams 0\n") ? [{}] : [];
  });
});
