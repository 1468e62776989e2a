import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { changeIn, type Served, serve } from "./support.ts";

let served: Served;
beforeAll(async () => {
  served = await serve();
  await served.world.workspace("shop", await served.world.repository(), []);
});
afterAll(() => served.close());

const asked = { workspace: "shop", request_text: "Add a loading spinner" };

test("a problem has the type, code, title and advice that RFC 9457 and a person want", async () => {
  const { status, headers, body } = await served.ask("GET", "/api/changes/ZZZZZZZZ");
  expect(status).toBe(404);
  expect(headers.get("content-type")).toBe("application/problem+json; charset=utf-8");
  expect(body).toEqual({
    type: "urn:problem-type:fairlead:change-unknown",
    title: "Change unknown",
    status: 404,
    detail: 'there is no change "ZZZZZZZZ". `fairlead ls` lists them.',
    code: "CHANGE_UNKNOWN",
    change: "ZZZZZZZZ",
  });
});

test("everything that is wrong with a request is listed, each with its place", async () => {
  const body = { workspace: "Not A Name", request_text: "", source: "fax", colour: "red" };
  const answer = await served.ask("POST", "/api/changes", { body, headers: { "Idempotency-Key": "x".repeat(201) } });
  expect([answer.status, answer.body.code]).toEqual([400, "REQUEST_INVALID"]);
  expect(answer.body.errors.map((issue: { path: string }) => issue.path).sort()).toEqual([
    "body",
    "body.request_text",
    "body.source",
    "body.workspace",
    "headers.idempotency-key",
  ]);
});

test("a text is refused when it is empty, too long, or can't be stored, and nothing is made of it", async () => {
  const { sql } = served.world.database;
  for (const request_text of ["", " \n\t ", "x".repeat(10_001), "a\0b", "\ud800", 7, null]) {
    const { status, body } = await served.ask("POST", "/api/changes", { body: { ...asked, request_text } });
    expect([request_text, status, body.code]).toEqual([request_text, 400, "REQUEST_INVALID"]);
    expect(body.errors[0].path).toBe("body.request_text");
  }
  expect(await sql`select from fairlead.change_requests`).toHaveLength(0);
});

test("ten thousand characters are ten thousand, also when each is an emoji", async () => {
  const { status } = await served.ask("POST", "/api/changes", {
    body: { ...asked, request_text: "🚀".repeat(10_000) },
  });
  expect(status).toBe(202);
});

test("a body that is malformed, too large, or no JSON has a code of its own", async () => {
  const post = (body: string, headers = {}) => served.ask("POST", "/api/changes", { body, headers });
  const malformed = await post('{"workspace": ');
  const scalar = await post('"shop"');
  const large = await post(JSON.stringify({ ...asked, request_text: "x".repeat(300_000) }));
  const form = await post("workspace=shop", { "Content-Type": "application/x-www-form-urlencoded" });
  const charset = await post(JSON.stringify(asked), { "Content-Type": "application/json; charset=koi8-r" });
  const packed = await post(JSON.stringify(asked), { "Content-Encoding": "gzip" });
  const odd = await post(JSON.stringify(asked), { "Content-Encoding": "zip" });
  const list = await post("[]");
  expect(
    [malformed, scalar, large, form, charset, packed, odd, list].map(({ status, body }) => [status, body.code]),
  ).toEqual([
    [400, "BODY_MALFORMED"],
    [400, "BODY_MALFORMED"],
    [413, "BODY_TOO_LARGE"],
    [415, "MEDIA_TYPE_UNSUPPORTED"],
    [415, "MEDIA_TYPE_UNSUPPORTED"],
    [400, "BODY_MALFORMED"],
    [415, "MEDIA_TYPE_UNSUPPORTED"],
    [400, "REQUEST_INVALID"],
  ]);
});

test("an unknown path, a wrong method and an undecodable path are told apart", async () => {
  const unknown = await served.ask("GET", "/api/nothing");
  const method = await served.ask("PUT", "/api/changes");
  const path = await served.ask("GET", "/api/changes/%E0%A4%A");
  expect([unknown.status, unknown.body.code]).toEqual([404, "ROUTE_UNKNOWN"]);
  expect([method.status, method.body.code, method.headers.get("allow")]).toEqual([
    405,
    "METHOD_NOT_ALLOWED",
    "HEAD, POST, GET",
  ]);
  expect([path.status, path.body.code]).toEqual([400, "PATH_MALFORMED"]);
});

test("numbers that no column can hold are refused", async () => {
  const id = await changeIn(served.world, "deployed");
  const answers = [
    await served.ask("POST", `/api/changes/${id}/approve`, { body: { version: 2 ** 31 } }),
    await served.ask("GET", `/api/changes/${id}/log?after=99999999999999999999`),
    await served.ask("GET", `/api/changes/${id}/events?after=99999999999999999999-1`),
    await served.ask("GET", `/api/changes/${id}/events?after=1-9999999999999999999`),
  ];
  expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400]);
});

test("nothing that a client sends is an error of the server's", async () => {
  const id = await changeIn(served.world, "deployed");
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.constantFrom("\0", "-x", "$(id)", "`id`", "‮", "%00", "'", "../.."),
  );
  const value = fc.oneof(text, fc.jsonValue(), fc.double(), fc.maxSafeInteger());
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("workspace", "status", "before", "limit", "after", "raw", "change"),
      text,
      fc.constantFrom(
        "request_text",
        "workspace",
        "agent",
        "target_branch",
        "idempotency_key",
        "source",
        "version",
        "note",
        "text",
        "comments",
      ),
      value,
      async (parameter, parameterValue, field, fieldValue) => {
        const query = `${parameter}=${encodeURIComponent(parameterValue.toWellFormed())}`;
        const encoded = encodeURIComponent(parameterValue.toWellFormed());
        const answers = await Promise.all([
          served.ask("GET", `/api/changes?${query}`),
          served.ask("GET", `/api/changes/${id}/log?${query}`),
          served.ask("GET", `/api/changes/${id}/events?${query}`),
          served.ask("GET", `/api/changes/x${encoded}`),
          served.ask("GET", `/api/workspaces/x${encoded}`),
          served.ask("DELETE", `/api/tokens/x${encoded}`),
          served.ask("DELETE", `/api/environments/x${encoded}`),
          served.ask("POST", "/api/changes", { body: { ...asked, [field]: fieldValue } }),
          served.ask("POST", "/api/workspaces", { body: { name: "x", repository_url: "-x", [field]: fieldValue } }),
          served.ask("POST", "/api/tokens", { body: { name: parameterValue, role: fieldValue } }),
          served.ask("POST", `/api/changes/${id}/retry`, { body: { [field]: fieldValue } }),
        ]);
        for (const { status, body } of answers) expect(status, JSON.stringify(body)).toBeLessThan(500);
      },
    ),
    { numRuns: 100 },
  );
});

test("what nobody foresaw is answered without saying what it was", async () => {
  const { sql } = served.world.database;
  await sql`alter table fairlead.log_chunks rename to gone`;
  const id = await changeIn(served.world, "deployed");
  const { status, text, body, headers } = await served.ask("GET", `/api/changes/${id}/log`);
  await sql`alter table fairlead.gone rename to log_chunks`;
  expect([status, body.code]).toEqual([500, "INTERNAL"]);
  expect(text).not.toMatch(/log_chunks|relation|\.ts/);
  expect(body.detail).toContain(headers.get("x-request-id"));
});
