import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCpuTimer } from "../../support/cpu-time.ts";
import { changeIn, type Served, serve } from "../support.ts";

let served: Served;
beforeAll(async () => {
  served = await serve();
  await served.world.workspace("shop", await served.world.repository(), []);
});
afterAll(() => served.close());

const asked = { workspace: "shop", request_text: "Add a loading spinner" };
const megabyte = 1024 * 1024;
const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

async function post(
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
) {
  const cpuMs = startCpuTimer();
  const response = await fetch(served.server.url + path, {
    method: "POST",
    headers: { Authorization: `Bearer ${served.tokens.admin}`, "Content-Type": "application/json", ...headers },
    body,
  });
  const answer = JSON.parse(await response.text());
  return { status: response.status, body: answer, cpuMs: cpuMs() };
}

describe("a body that is made to take long", () => {
  const bodies: readonly (readonly [string, string])[] = [
    ["brackets", "[".repeat(8 * megabyte)],
    ["pairs of brackets", nested(4 * megabyte)],
    ["objects in objects", '{"a":'.repeat(megabyte)],
    ["empty objects", `[${"{},".repeat(2.5 * megabyte)}{}]`],
    ["small numbers", `[${"1,".repeat(4 * megabyte - 2)}1]`],
    ["fields", `{${Array.from({ length: 500_000 }, (_, at) => `"k${at}":1`).join()}}`],
    ["fields of one name", `{${Array.from({ length: 500_000 }, () => '"k":1').join()}}`],
    ["white space", " ".repeat(8 * megabyte)],
    ["digits", `{"a":${"1".repeat(8 * megabyte - 10)}}`],
    ["quotes", '"'.repeat(8 * megabyte)],
    ["backslashes", `{"a":"${"\\".repeat(8 * megabyte - 8)}`],
    ["escapes", `{"a":"${"\\u0041".repeat(megabyte)}"}`],
    ["steps that are none", `{"plan_id":"x","version":1,"steps":[${"0,".repeat(900_000)}0]}`],
  ];

  test.each(bodies)("%s", async (_what, body) => {
    const plan = await post("/api/plans", body);
    expect(plan.status).toBe(400);
    expect(plan.cpuMs).toBeLessThan(1_000);
    const small = await post("/api/changes", body.slice(0, 256 * 1024 - 1));
    expect(small.status).toBe(400);
    expect(small.cpuMs).toBeLessThan(1_000);
    expect(JSON.stringify(small.body).length).toBeLessThan(50_000);
  });

  test("what packs well is counted as it unpacks", async () => {
    const zeros = Buffer.alloc(4 * megabyte, " ");
    for (const [encoding, packed] of [
      ["gzip", gzipSync(zeros)],
      ["deflate", deflateSync(zeros)],
      ["br", brotliCompressSync(zeros)],
    ] as const) {
      const { status, body, cpuMs } = await post("/api/changes", new Uint8Array(packed), {
        "Content-Encoding": encoding,
      });
      expect([encoding, status, body.code]).toEqual([encoding, 413, "BODY_TOO_LARGE"]);
      expect(cpuMs).toBeLessThan(1_000);
    }
    const fine = gzipSync(JSON.stringify(asked));
    expect((await post("/api/changes", new Uint8Array(fine), { "Content-Encoding": "gzip" })).status).toBe(202);
  });
});

describe("a body's depth", () => {
  const settings = (value: string) => `{"name":"deep","repository_url":"/nowhere","agent_settings":{"a":${value}}}`;

  test("is named with its place, and no stack is used up by it", async () => {
    for (const [depth, code] of [
      [90, "AGENT_SETTINGS_INVALID"],
      [150, "REQUEST_INVALID"],
      [250, "BODY_MALFORMED"],
      [100_000, "BODY_MALFORMED"],
    ] as const) {
      const { status, body } = await post("/api/workspaces", settings(nested(depth)));
      expect([depth, status, body.code]).toEqual([depth, 400, code]);
    }
    const { body } = await post("/api/workspaces", settings(nested(150)));
    expect(body.errors[0].path).toMatch(/^body\.agent_settings\.a(\.0)+\.…$/);
    expect(body.errors[0].message).toBe("is nested deeper than 100 levels");
  });
});

test("a body in another encoding than UTF-8 is refused, whatever its scan would have made of it", async () => {
  const text = JSON.stringify(asked);
  const utf16 = new Uint8Array(Buffer.from(text, "utf16le"));
  for (const charset of ["utf-16", "utf-16le", "utf-32", "utf-7", "latin1", "utf8", "x"]) {
    const { status, body } = await post("/api/changes", utf16, {
      "Content-Type": `application/json; charset=${charset}`,
    });
    expect([charset, status, body.code]).toEqual([charset, 415, "MEDIA_TYPE_UNSUPPORTED"]);
  }
  const broken = new Uint8Array(
    Buffer.concat([Buffer.from('{"workspace":"'), Buffer.from([0xff, 0xc0]), Buffer.from('"}')]),
  );
  expect((await post("/api/changes", broken)).body.code).toBe("BODY_MALFORMED");
  const marked = new Uint8Array(Buffer.from(`\ufeff${text}`));
  expect((await post("/api/changes", marked, { "Content-Type": "application/json; charset=UTF-8" })).status).toBe(202);
});

describe("what can't be stored is refused with its place", () => {
  const wrong = { NUL: "\\u0000", high: "a\\ud800", low: "\\udc00b" };
  const places: readonly (readonly [string, (text: string) => string, RegExp])[] = [
    [
      "settings",
      (t) =>
        `{"name":"x","repository_url":"/n","agent":"command","agent_settings":{"argv":["a"],"variables":{"A":"${t}"}}}`,
      /agent_settings/,
    ],
    ["a key of settings", (t) => `{"name":"x","repository_url":"/n","agent_settings":{"${t}":1}}`, /agent_settings/],
    [
      "settings of another agent",
      (t) => `{"name":"x","repository_url":"/n","agents":{"scripted":{"rounds":[[{"do":"say","text":"${t}"}]]}}}`,
      /agents/,
    ],
    ["the name of another agent", (t) => `{"name":"x","repository_url":"/n","agents":{"${t}":{}}}`, /agents/],
    ["a blueprint", (t) => `{"name":"x","repository_url":"/n","blueprint":{"setup":["a","${t}"]}}`, /blueprint/],
    ["a blueprint's line", (t) => `{"name":"x","repository_url":"/n","blueprint":{"start":"a ${t}"}}`, /blueprint/],
    ["a repository", (t) => `{"name":"x","repository_url":"/n${t}"}`, /repository_url/],
    ["a branch", (t) => `{"name":"x","repository_url":"/n","default_branch":"${t}"}`, /default_branch/],
    ["a workspace's name", (t) => `{"name":"x${t}","repository_url":"/n"}`, /body\.name/],
  ];
  const inOthers: readonly (readonly [string, string, (text: string) => string, RegExp])[] = [
    ["a request", "/api/changes", (t) => `{"workspace":"shop","request_text":"a${t}"}`, /request_text/],
    ["an agent's name", "/api/changes", (t) => `{"workspace":"shop","request_text":"a","agent":"${t}"}`, /agent/],
    [
      "an idempotency key",
      "/api/changes",
      (t) => `{"workspace":"shop","request_text":"a","idempotency_key":"k${t}"}`,
      /idempotency_key/,
    ],
    [
      "a target branch",
      "/api/changes",
      (t) => `{"workspace":"shop","request_text":"a","target_branch":"b${t}"}`,
      /target_branch/,
    ],
    ["a note", "/api/changes/:id/approve", (t) => `{"note":"${t}"}`, /note/],
    ["a comment", "/api/changes/:id/request-changes", (t) => `{"comments":[{"text":"${t}"}]}`, /comments\.0\.text/],
    [
      "a comment's file",
      "/api/changes/:id/request-changes",
      (t) => `{"comments":[{"file":"${t}","text":"a"}]}`,
      /comments\.0\.file/,
    ],
    ["a token's name", "/api/tokens", (t) => `{"name":"a${t}","role":"read"}`, /body\.name/],
    ["a run's variable", "/api/runs", (t) => `{"plan_id":"x","variables":{"A":"${t}"}}`, /variables\.A/],
    ["the name of a run's variable", "/api/runs", (t) => `{"plan_id":"x","variables":{"A${t}":"a"}}`, /variables/],
    ["a run's folder", "/api/runs", (t) => `{"plan_id":"x","folder":"/a${t}"}`, /folder/],
    [
      "a plan's metadata",
      "/api/plans",
      (t) => `{"plan_id":"x","version":1,"metadata":{"a":["${t}"]},"steps":[{"id":"a","command":"true"}]}`,
      /metadata/,
    ],
    [
      "a plan's command",
      "/api/plans",
      (t) => `{"plan_id":"x","version":1,"steps":[{"id":"a","command":"true${t}"}]}`,
      /steps\.0\.command/,
    ],
    [
      "a plan's key",
      "/api/plans",
      (t) => `{"plan_id":"x","version":1,"steps":[{"id":"a","command":"true","env":{"A${t}":"a"}}]}`,
      /steps/,
    ],
  ];

  test.each([...places.map(([what, ...rest]) => [what, "/api/workspaces", ...rest] as const), ...inOthers])(
    "%s",
    async (_what, path, bodyWith, place) => {
      const id = path.includes(":id") ? await changeIn(served.world, "deployed") : "";
      for (const text of Object.values(wrong)) {
        const { status, body } = await post(path.replace(":id", id), bodyWith(text));
        expect([text, status]).toEqual([text, 400]);
        expect(JSON.stringify(body.errors ?? body.problems ?? body.detail), text).toMatch(place);
      }
    },
  );

  test("the name __proto__, and a number out of range", async () => {
    for (const [body, place] of [
      [
        '{"name":"x","repository_url":"/n","agent_settings":{"__proto__":{"model":"x"}}}',
        "body.agent_settings.__proto__",
      ],
      ['{"name":"x","repository_url":"/n","agent_settings":{"maxTurns":1e999}}', "body.agent_settings.maxTurns"],
    ] as const) {
      const answer = await post("/api/workspaces", body);
      expect([answer.status, answer.body.code]).toEqual([400, "REQUEST_INVALID"]);
      expect(answer.body.errors[0].path).toBe(place);
    }
  });
});

test("of a hundred thousand faults a hundred are reported, each briefly", async () => {
  const id = await changeIn(served.world, "deployed");
  for (const [path, body] of [
    [`/api/changes/${id}/request-changes`, `{"comments":[${"{},".repeat(80_000)}{}]}`],
    ["/api/changes", `{${Array.from({ length: 9_000 }, (_, at) => `"${"x".repeat(15)}${at}":1`).join()}}`],
    ["/api/runs", `{"plan_id":"x","variables":{${Array.from({ length: 9_000 }, (_, at) => `"v${at}":null`).join()}}}`],
  ] as const) {
    const { status, body: problem, cpuMs } = await post(path, body);
    expect([status, problem.code]).toEqual([400, "REQUEST_INVALID"]);
    expect(problem.errors.length).toBeLessThanOrEqual(100);
    expect(JSON.stringify(problem).length).toBeLessThan(50_000);
    expect(cpuMs).toBeLessThan(1_000);
  }
  const query = Array.from({ length: 2_000 }, () => "x").join();
  const answer = await served.ask("GET", `/api/changes?status=${query}`);
  expect([answer.status, answer.body.errors.length <= 100]).toEqual([400, true]);
});
