import { mkdir, readFile, realpath, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makePlace, type Place } from "./fairlead.ts";
import { documents, planFile, shell } from "./plan-files.ts";

let place: Place;
beforeAll(async () => {
  place = await makePlace();
});
afterAll(() => place.remove());

const nothingReachable = { DATABASE_URL: "postgres://nobody@127.0.0.1:1/nowhere" };

describe("a plan file", () => {
  test("is checked, drawn and explained without any database", async () => {
    const file = await planFile(place, "sound", [shell("a", "true"), shell("b", "true", ["a"])]);
    const bare = { env: nothingReachable };
    expect(await place.fairlead(["plan", "validate", file], bare)).toEqual({
      code: 0,
      out: "valid: 2 steps\n",
      err: "",
    });
    const input = await readFile(file, "utf8");
    expect((await place.fairlead(["plan", "validate", "-"], { ...bare, input })).out).toBe("valid: 2 steps\n");
    expect((await place.fairlead(["plan", "graph", file], bare)).out).toMatch(/a +command\n.*b +command +← a/);
    expect((await place.fairlead(["plan", "graph", file, "--format", "mermaid"], bare)).out).toContain("-->");
    const { out } = await place.fairlead(["plan", "schema"], bare);
    expect(JSON.parse(out)).toMatchObject({ title: "Fairlead plan", type: "object" });
  });

  test("that is wrong is told of with everything at once, and nothing begins", async () => {
    const steps = [{ ...shell("a", "touch begun"), retires: 1 }, shell("b", "true", ["c"]), shell("a", "true")];
    const file = await planFile(place, "wrong", steps, { globals: { max_concurrency: 0 } });
    const sound = await planFile(place, "sound", [shell("a", "true")]);
    const { code, out } = await place.fairlead(["plan", "validate", sound, file, "nowhere.json"]);
    expect(code).toBe(2);
    expect(out).toContain(`${sound}: valid: 1 step\n`);
    expect(out).toMatch(/wrong\.json: steps\[0\]\.retires: .*did you mean "retries"\?/);
    expect(out).toMatch(/wrong\.json: steps\[1\]\.depends_on\[0\]: .*"c"/);
    expect(out).toContain("wrong.json: invalid: 4 problems\n");
    expect(out).toContain("nowhere.json: can't be read: there is no such file\n");
    const json = JSON.parse((await place.fairlead(["plan", "validate", file, "--json"])).out);
    expect(json.files[0]).toMatchObject({ file, valid: false, steps: null });
    expect(json.files[0].problems).toHaveLength(4);

    for (const args of [
      ["run", file],
      ["add", file],
      ["graph", file],
    ]) {
      const refused = await place.fairlead(["plan", ...args], { env: nothingReachable });
      expect(refused).toMatchObject({ code: 2, out: "" });
      expect(refused.err).toMatch(/steps\[1\]\.depends_on\[0\]: .*\n(.*\n)*error: .*\(PLAN_INVALID\)\n$/);
    }
  });

  test("that is added is known by its id to all commands", async () => {
    const file = await planFile(place, "known", [shell("a", "true")], { version: "2.1" });
    expect((await place.fairlead(["plan", "add", file])).out).toMatch(/^known is registered: version 2\.1, 1 step\n/);
    expect((await place.fairlead(["plan", "ls"])).out).toMatch(/^PLAN +VERSION.*\n(.*\n)*known +2\.1 +1 +\d+s ago\n/);
    expect((await place.fairlead(["plan", "show", "known"])).out).toMatch(
      /^plan +known\nversion +2\.1\nvariables +WHO \(nobody\)\n/,
    );
    const { document } = JSON.parse((await place.fairlead(["plan", "show", "known", "--json"])).out);
    expect(document.steps[0]).toMatchObject({ id: "a", on_failure: "abort" });
    expect((await place.fairlead(["plan", "graph", "known", "--format", "dot"])).out).toContain("digraph");
    const unknown = await place.fairlead(["plan", "show", "unknown"]);
    expect(unknown.code).toBe(3);
    expect(unknown.err).toMatch(/there is no plan "unknown"\. Known: .*known.* \(PLAN_UNKNOWN\)\n$/);
  });

  test("does the work of a workspace's changes, if it is there", async () => {
    await place.fairlead(["plan", "add", await planFile(place, "coding", [shell("a", "true")])]);
    const add = (plan: string) =>
      place.fairlead(["workspace", "add", "planned", "--agent", "scripted", "--plan", plan], { cwd: place.checkout });
    const refused = await add("codign");
    expect(refused).toMatchObject({ code: 3, out: "" });
    expect(refused.err).toMatch(/there is no plan "codign"\. Known: .*coding.*\(PLAN_UNKNOWN\)/);
    expect((await add("coding")).out).toMatch(/^plan +coding$/m);
    expect((await place.fairlead(["workspace", "show", "planned"])).out).toMatch(/^plan +coding$/m);
  });
});

describe("plan run", () => {
  test("becomes a worker where none is running, works in this folder, and prints each step", async () => {
    const steps = [shell("hello", 'echo "Hello $1" | tee said'), shell("after", "cat said", ["hello"])];
    const file = await planFile(place, "greet", steps);
    const { code, out, err } = await place.fairlead(["plan", "run", file, "--var", "WHO=s3cret = x"]);
    expect([code, err]).toEqual([0, expect.stringMatching(/^No worker is running: this command works .*\n$/)]);
    expect(out).toMatch(/^\w{8} is a run of greet, 2 steps\n\d\d:\d\d:\d\d greet, 2 steps, started by .*\n/);
    expect(out).toMatch(/hello begins\n.*hello succeeded after \d\.\d s\n.*after begins\n.*after succeeded/);
    expect(out).toMatch(/✓ \w{8} has succeeded: 2 steps in \d\.\d s\n$/);
    expect(await readFile(join(place.folder, "said"), "utf8")).toBe("Hello s3cret = x\n");

    const id = out.slice(0, 8);
    const shown = await place.fairlead(["run", "show", id]);
    expect(shown.out).toMatch(/^status +succeeded for/m);
    expect(shown.out).toContain(await realpath(place.folder));
    expect(shown.out).toMatch(/^hello +succeeded +1 +\d\.\d s\nafter +succeeded +1 /m);
    expect((await place.fairlead(["run", "log", id])).out).toBe("hello | Hello s3cret = x\nafter | Hello s3cret = x\n");
    expect((await place.fairlead(["run", "log", "-f", id, "after"])).out).toBe("after | Hello s3cret = x\n");
    const events = await place.fairlead(["run", "events", id, "--jsonl"]);
    expect(documents(events.out).map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(["run.pending", "run.running", "step.running", "step.succeeded", "run.succeeded"]),
    );
    expect([shown.out, events.out, out].join()).not.toContain("s3cret");
    // Nothing of its environment is left for a worker that may never come.
    const left = await place.database.sql`select status from fairlead.environments where status <> 'terminated'`;
    expect(left).toEqual([]);
  });

  test("exits with 6 when the run fails, and a retry from a step does that and what comes after anew", async () => {
    const folder = join(place.folder, "retried");
    await mkdir(folder, { recursive: true });
    const steps = [
      shell("once", "echo once >> log"),
      shell("fails", "echo fails >> log; test -e fixed", ["once"]),
      shell("last", "echo last >> log", ["fails"]),
    ];
    const file = await planFile(place, "retried", steps);
    const events = join(place.folder, "events.jsonl");
    const failed = await place.fairlead(["plan", "run", file, "-C", folder, "--json", "--events", events]);
    expect(failed.code).toBe(6);
    const [first, ...others] = documents(failed.out);
    expect(first).toMatchObject({ type: "run", plan_id: "retried", variables: ["WHO"] });
    expect(others.at(-1)).toMatchObject({ type: "run", status: "failed", failed_step: "fails", unfinished: 0 });
    // The file has the very events that were printed.
    const printed = others.filter(({ type }) => type === "event").map(({ type, ...event }) => event);
    expect(documents(await readFile(events, "utf8"))).toEqual(printed);
    expect(printed.at(-1)).toMatchObject({ entity: expect.stringMatching(/run|environment/) });

    const id = String(first?.id);
    await writeFile(join(folder, "fixed"), "");
    const again = await place.fairlead(["run", "retry", id.slice(-6), "--follow"]);
    expect(again).toMatchObject({ code: 0 });
    expect(again.out).toMatch(/^\w{8} begins again, with 2 of its 3 steps\n/);
    expect(again.out).not.toContain("once begins");
    expect((await place.fairlead(["run", "retry", id, "--from", "fails", "--follow"])).code).toBe(0);
    const log = await readFile(join(folder, "log"), "utf8");
    expect(log.trim().split("\n")).toEqual(["once", "fails", "fails", "last", "fails", "last"]);
    const refused = await place.fairlead(["run", "retry", id, "--from", "nowhere"]);
    expect(refused).toMatchObject({ code: 3, err: expect.stringContaining("(STEP_UNKNOWN)") });
    expect((await place.fairlead(["run", "retry", id])).code).toBe(4);
  });

  test.each<[string, string[], number, RegExp]>([
    ["a variable without a value", ["--var", "WHO"], 2, /--var WHO has no "=" in it/],
    ["a variable without a name", ["--var", "=x"], 2, /one --var has no name before its "="/],
    ["a variable that is given twice", ["--var", "WHO=s3cret", "--var", "WHO=s3cret2"], 2, /--var WHO is given twice/],
    ["a variable that the plan has not", ["--var", "WHAT=s3cret"], 2, /no variable WHAT. It has: WHO\./],
    ["a folder that is not there", ["-C", "/no/where"], 2, /there is no folder \/no\/where/],
    ["an agent that is not known", ["-a", "nobody"], 2, /AGENT_UNKNOWN/],
    ["a file for events that can't be written", ["--events", "/no/where/x"], 5, /OUTPUT_UNWRITABLE/],
    ["events of what is not followed", ["--events", "x", "--detach"], 2, /USAGE/],
  ])("%s is refused, and nothing begins", async (_name, args, code, words) => {
    const file = await planFile(place, "refused", [shell("a", "true")]);
    const ran = await place.fairlead(["plan", "run", file, ...args]);
    expect(ran).toMatchObject({ code, out: "", err: expect.stringMatching(words) });
    expect(ran.err).not.toContain("s3cret");
    expect(await place.database.sql`select from fairlead.runs where plan_id = 'refused'`).toEqual([]);
  });

  test("of what is neither a file nor a plan is refused", async () => {
    const noPlan = await place.fairlead(["plan", "run", "nothing-such"]);
    expect(noPlan).toMatchObject({ code: 3, err: expect.stringContaining("(PLAN_UNKNOWN)") });
    const noFile = await place.fairlead(["plan", "run", "./nothing-such.json"]);
    expect(noFile).toMatchObject({ code: 2, err: expect.stringContaining("(FILE_UNREADABLE)") });
    const folder = await place.fairlead(["plan", "run", place.folder]);
    expect(folder).toMatchObject({ code: 2, err: expect.stringContaining("it is a folder") });
    const notUtf8 = await place.fairlead(["plan", "run", "-"], { input: new Uint8Array([0xff, 0xfe]) });
    expect(notUtf8).toMatchObject({ code: 2, err: expect.stringContaining("it is not UTF-8") });
  });
});

test.each<[string, string[], number, string]>([
  ["a run that is not there", ["run", "show", "zzzzzzzz"], 3, "RUN_UNKNOWN"],
  ["too little of an id", ["run", "log", "abc"], 2, "GIVEN_INVALID"],
  ["a status that is none", ["run", "ls", "--status", "running,idle"], 2, "USAGE"],
  ["a plan that is not there", ["run", "ls", "--plan", "nothing-such"], 3, "PLAN_UNKNOWN"],
  [
    "a run whose events are asked for and that is not there",
    ["run", "events", "zzzzzzzz", "--jsonl"],
    3,
    "RUN_UNKNOWN",
  ],
  ["a run to follow that is not there", ["run", "resume", "zzzzzzzz"], 3, "RUN_UNKNOWN"],
  ["an empty answer", ["run", "answer", "zzzzzzzz", ""], 2, "GIVEN_INVALID"],
  ["a form of graphs that there is not", ["plan", "graph", "x", "--format", "png"], 2, "USAGE"],
])("%s is refused", async (_name, args, code, fault) => {
  const ran = await place.fairlead(args);
  expect(ran).toMatchObject({ code, out: "", err: expect.stringContaining(`(${fault})`) });
});
