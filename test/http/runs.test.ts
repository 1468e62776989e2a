import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { follow } from "./stream.ts";
import { type Answer, type Asking, type Served, serve } from "./support.ts";

let served: Served;
beforeAll(async () => {
  served = await serve();
  await served.world.startWorker();
});
afterAll(() => served.close());

const shell = (id: string, script: string, depends_on: readonly string[] = [], more: object = {}) => ({
  id,
  command: "sh",
  args: ["-c", script, "sh", "${WHO}"],
  depends_on,
  ...more,
});

const planOf = (plan_id: string, steps: readonly object[]) => ({
  plan_id,
  version: "1",
  variables: [{ name: "WHO", default: "nobody" }],
  steps,
});

const post = (path: string, body: unknown, asking: Asking = {}) => served.ask("POST", path, { ...asking, body });
const read = (path: string) => served.ask("GET", path, { as: "read" });

/** Registers a plan and starts a run of it; gives the run's id. */
async function started(plan: ReturnType<typeof planOf>, more: object = {}): Promise<string> {
  expect((await post("/api/plans", plan)).status).toBe(201);
  const { status, body } = await post("/api/runs", { plan_id: plan.plan_id, ...more });
  expect(status).toBe(202);
  return body.id;
}

/** Waits until a run is as it is asked for. */
async function until(id: string, holds: (run: Answer["body"]) => boolean): Promise<Answer["body"]> {
  return served.world.row(async () => {
    const { body } = await read(`/api/runs/${id}`);
    return holds(body) ? [body] : [];
  });
}

const ended = (id: string) => until(id, ({ finished_at }) => finished_at !== null);
const asked = (id: string) => until(id, ({ counts }) => counts.waiting === 1);

describe("plans", () => {
  test("one is registered whole, listed and shown", async () => {
    const made = await post("/api/plans", planOf("shown", [shell("a", "true")]));
    expect([made.status, made.headers.get("location")]).toEqual([201, "/api/plans/shown"]);
    expect(made.body).toMatchObject({
      plan_id: "shown",
      version: "1",
      steps: 1,
      hash: expect.stringMatching(/^\w{64}$/),
    });
    expect(made.body.document.steps[0]).toMatchObject({ id: "a", kind: "command", on_failure: "abort", retries: 0 });
    expect((await read("/api/plans/shown")).body).toEqual(made.body);
    const { document: _, ...row } = made.body;
    expect((await read("/api/plans")).body.plans).toContainEqual(row);
    expect((await read("/api/plan-schema")).body.title).toBe("Fairlead plan");
    const unknown = await read("/api/plans/unknown");
    expect([unknown.status, unknown.body.code]).toEqual([404, "PLAN_UNKNOWN"]);
    expect(unknown.body.known).toContain("shown");
  });

  test("what is wrong with one is told all at once, with where it is", async () => {
    const steps = [{ ...shell("a", "true", ["b"]), retires: 1 }, shell("b", "true", ["a"])];
    const { status, body } = await post("/api/plans", { ...planOf("Wrong", steps), version: null });
    expect([status, body.code]).toEqual([400, "PLAN_INVALID"]);
    const paths = body.problems.map(({ path }: { path: string }) => path);
    expect(paths).toEqual(expect.arrayContaining(["plan_id", "version", "steps[0].retires"]));
    expect(JSON.stringify(body.problems)).toContain("a → b → a");
    for (const nothing of [{}, [], "[1]", '"x"']) {
      const refused = await post("/api/plans", nothing);
      expect(refused.status, JSON.stringify(nothing)).toBe(400);
    }
  });

  test("one may be larger than other bodies, and not larger than a plan may be", async () => {
    const long = "x".repeat(90_000);
    const steps = Array.from({ length: 10 }, (_, index) => shell(`s${index}`, "true", [], { env: { LONG: long } }));
    expect((await post("/api/plans", planOf("large", steps))).status).toBe(201);
    const { status, body } = await post("/api/plans", JSON.stringify({ x: "x".repeat(8 * 1024 * 1024) }));
    expect([status, body.code, body.limit_bytes]).toEqual([413, "BODY_TOO_LARGE", 8 * 1024 * 1024]);
  });
});

describe("runs", () => {
  test("one is started in a folder, goes on by itself, and tells everything but the values of its variables", async () => {
    const folder = await mkdtemp(join(served.world.home, "folder-"));
    const steps = [
      shell("tell", 'test "$1" = s3cret; echo told >&2; echo "n=1" > "$FAIRLEAD_OUTPUTS"', [], { outputs: ["n"] }),
      shell("again", "test -e tried || { touch tried; exit 3; }", ["tell"], { retries: 1, retry_delay_sec: 0 }),
    ];
    const id = await started(planOf("told", steps), { variables: { WHO: "s3cret" }, folder });
    const run = await ended(id);
    expect(run).toMatchObject({
      status: "succeeded",
      folder,
      variables: ["WHO"],
      started_by: "the admin",
      total: 2,
      unfinished: 0,
      counts: { succeeded: 2 },
      next: null,
    });
    expect(run.steps).toMatchObject([
      { key: "tell", position: 1, status: "succeeded", outputs: { n: "1" }, exit_code: 0, attempt: 1 },
      { key: "again", position: 2, depends_on: ["tell"], status: "succeeded", attempt: 2 },
    ]);
    expect((await read(`/api/runs/${id.slice(-6).toLowerCase()}`)).body.id).toBe(id);

    const { body } = await read(`/api/runs/${id}/attempts`);
    expect(body.attempts).toMatchObject([
      { step: "tell", number: 1, status: "succeeded" },
      { step: "again", number: 1, status: "failed", exit_code: 3 },
      { step: "again", number: 2, status: "succeeded", exit_code: 0 },
    ]);
    const log = await read(`/api/runs/${id}/log?step=tell`);
    expect(log.body.entries).toMatchObject([{ step: "tell", attempt: 1, lines: [{ kind: "error", text: "told" }] }]);
    const asText = await served.ask("GET", `/api/runs/${id}/log`, { headers: { Accept: "text/plain" } });
    expect(asText.text).toBe("told\n");
    const events = await read(`/api/runs/${id}/events`);
    expect(events.body.events.map(({ kind }: { kind: string }) => kind)).toContain("run.succeeded");
    expect(JSON.stringify([run, body, log.body, events.body])).not.toContain("s3cret");
  });

  test("asking again with the same key starts nothing", async () => {
    await post("/api/plans", planOf("once", [shell("a", "true")]));
    const start = (headers: Record<string, string>, body: object) =>
      post("/api/runs", { plan_id: "once", ...body }, { headers });
    const first = await start({ "Idempotency-Key": "k1" }, {});
    const second = await start({}, { idempotency_key: "k1" });
    expect([first.status, first.body.deduplicated, second.status, second.body.deduplicated]).toEqual([
      202,
      false,
      200,
      true,
    ]);
    expect(second.body.id).toBe(first.body.id);
    await ended(first.body.id);
    expect((await start({ "Idempotency-Key": "k1" }, { idempotency_key: "k2" })).body.code).toBe("REQUEST_INVALID");
  });

  test.each<[string, object, number, string]>([
    ["a plan that is not there", { plan_id: "unknown" }, 404, "PLAN_UNKNOWN"],
    ["a variable that the plan has not", { variables: { WHAT: "x" } }, 400, "ARGUMENT_INVALID"],
    ["a variable that is a list", { variables: { WHO: ["x"] } }, 400, "REQUEST_INVALID"],
    ["a folder that is not absolute", { folder: "../x" }, 400, "REQUEST_INVALID"],
    ["an agent that is not known", { agent: "nobody" }, 400, "AGENT_UNKNOWN"],
    ["a field that there is not", { plan: "x" }, 400, "REQUEST_INVALID"],
  ])("%s is refused", async (_name, more, status, code) => {
    await post("/api/plans", planOf("refused", [shell("a", "true")]));
    const refused = await post("/api/runs", { plan_id: "refused", ...more });
    expect([refused.status, refused.body.code]).toEqual([status, code]);
    const { body } = await read("/api/runs?plan=refused");
    expect(body.runs).toEqual([]);
  });

  test("are listed newest first, by plan and status, and steps and attempts come in pages", async () => {
    const plan = planOf("paged", [shell("a", "true"), shell("b", "true", ["a"]), shell("c", "false", ["b"])]);
    const ids = [await started(plan), await started(plan), await started(plan)];
    for (const id of ids) await ended(id);
    const first = await read("/api/runs?plan=paged&status=failed,cancelled&limit=2");
    expect(first.body.runs.map(({ id }: { id: string }) => id)).toEqual([ids[2], ids[1]]);
    const second = await read(`/api/runs?plan=paged&status=failed&before=${first.body.next}`);
    expect(second.body).toMatchObject({ runs: [{ id: ids[0], failed_step: "c" }], next: null });
    expect((await read("/api/runs?plan=paged&status=succeeded")).body.runs).toEqual([]);
    expect((await read("/api/runs?status=idle")).body.code).toBe("REQUEST_INVALID");
    const page = await read(`/api/runs/${ids[0]}?limit=2`);
    expect([page.body.steps.length, page.body.next]).toEqual([2, 2]);
    expect((await read(`/api/runs/${ids[0]}?limit=2&after=2`)).body).toMatchObject({
      steps: [{ key: "c" }],
      next: null,
    });
    const tries = await read(`/api/runs/${ids[0]}/attempts?limit=2`);
    expect(tries.body).toMatchObject({ attempts: [{ step: "a" }, { step: "b" }], next: "2-1" });
    const rest = await read(`/api/runs/${ids[0]}/attempts?after=${tries.body.next}`);
    expect(rest.body).toMatchObject({ attempts: [{ step: "c", status: "failed" }], next: null });
    expect((await read(`/api/runs/${ids[0]}/log?step=none`)).body.code).toBe("STEP_UNKNOWN");
  });

  test("nobody may start, cancel, retry or answer one without the role for it", async () => {
    const id = await started(planOf("guarded", [shell("a", "true")]));
    const asks = [
      ["review", "/api/plans"],
      ["review", "/api/runs"],
      ["request", `/api/runs/${id}/cancel`],
      ["request", `/api/runs/${id}/retry`],
      ["request", `/api/runs/${id}/answer`],
    ] as const;
    for (const [as, path] of asks) expect((await post(path, {}, { as })).body.code).toBe("ROLE_TOO_LOW");
    await ended(id);
    expect((await served.ask("GET", `/api/runs/${id}`, { as: null })).status).toBe(401);
  });
});

describe("words", () => {
  const question = { id: "ask", kind: "wait", wait: { for: "choice", message: "Where?", choices: ["here", "there"] } };

  test("an answer is heard from whoever may review, once, and the run goes on", async () => {
    const id = await started(planOf("asking", [question, shell("after", "true", ["ask"])]));
    const run = await asked(id);
    expect(run.steps[0].waits_for).toEqual({ for: "choice", message: "Where?", who: [], choices: ["here", "there"] });
    const say = (body: object) => post(`/api/runs/${id}/answer`, body, { as: "review" });
    expect((await say({ word: "nowhere" })).body.code).toBe("ARGUMENT_INVALID");
    expect((await say({ word: "here", step: "none" })).body.code).toBe("STEP_UNKNOWN");
    expect((await say({})).body.code).toBe("REQUEST_INVALID");
    const heard = await say({ word: "here", step: "ask", note: "near" });
    expect(heard.body).toMatchObject({
      key: "ask",
      status: "succeeded",
      outputs: { choice: "here", by: "the review" },
    });
    expect((await say({ word: "here" })).body.code).toBe("MOVE_ILLEGAL");
    expect((await ended(id)).status).toBe("succeeded");
  });

  test("a cancelled run is retried, at the version that was seen", async () => {
    const id = await started(planOf("stopped", [shell("a", "true"), { ...question, depends_on: ["a"] }]));
    const { version } = await asked(id);
    const cancel = (body: object) => post(`/api/runs/${id}/cancel`, body);
    expect((await cancel({ version: version + 1 })).body.code).toBe("MOVED_ON");
    expect((await cancel({ note: "not now", at_once: true })).body).toMatchObject({ id });
    expect(await ended(id)).toMatchObject({ status: "cancelled", failure_message: "cancelled by the admin: not now" });
    expect((await cancel({})).body).toMatchObject({ code: "MOVE_ILLEGAL", current_status: "cancelled" });
    expect((await post(`/api/runs/${id}/retry`, { from: "none" })).body.code).toBe("STEP_UNKNOWN");
    const again = await post(`/api/runs/${id}/retry`, { from: "a" });
    expect(again.body).toMatchObject({ status: "pending", unfinished: 2 });
    await asked(id);
    await post(`/api/runs/${id}/answer`, { word: "there" });
    expect((await ended(id)).steps).toMatchObject([{ attempt: 2 }, { attempt: 2, outputs: { choice: "there" } }]);
  });

  test("what happens to one run can be followed, and how many are active is measured", async () => {
    const mine = await started(planOf("followed", [question]));
    await asked(mine);
    const url = `${served.server.url}/api/events`;
    const follower = await follow(`${url}?run=${mine}&after=0-0`, served.tokens.read);
    const other = await started(planOf("unfollowed", [shell("a", "true")]));
    await ended(other);
    const { text } = await served.ask("GET", "/metrics", { headers: { Accept: "text/plain" } });
    expect(text).toMatch(/^fairlead_runs\{status="running"\} 1$/m);
    expect(text).toMatch(/^fairlead_steps\{status="waiting"\} 1$/m);
    await post(`/api/runs/${mine}/answer`, { word: "here" });
    await ended(mine);
    // Three of the run, three of its step, and three of its environment.
    await follower.reaches(9);
    const kinds = follower.told.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind.startsWith("run."))).toEqual(["run.pending", "run.running", "run.succeeded"]);
    expect(kinds).not.toContain("step.failed");
    expect(new Set(follower.told.map(({ run_id }) => run_id))).toEqual(new Set([mine]));
    follower.cut();
  });
});
