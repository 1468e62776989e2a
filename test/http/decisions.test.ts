import { afterAll, beforeAll, expect, test } from "vitest";
import { changeIn, type Served, serve } from "./support.ts";

let served: Served;
beforeAll(async () => {
  served = await serve();
  await served.world.workspace("shop", await served.world.repository(), []);
});
afterAll(() => served.close());

test("an approval carries the name of the token and the note, and needs no body", async () => {
  const noted = await changeIn(served.world, "deployed");
  const bare = await changeIn(served.world, "deployed");
  const answer = await served.ask("POST", `/api/changes/${noted}/approve`, { as: "review", body: { note: "Fine." } });
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({ status: "merging", decided_by: "the review", decision_note: "Fine." });
  expect((await served.ask("POST", `/api/changes/${bare}/approve`)).body.status).toBe("approved");
});

test("a word that does not apply is a conflict that names the current status", async () => {
  const id = await changeIn(served.world, "implementing");
  for (const verb of ["approve", "reject", "retry"]) {
    const { status, body } = await served.ask("POST", `/api/changes/${id}/${verb}`);
    expect([status, body.code, body.current_status]).toEqual([409, "MOVE_ILLEGAL", "implementing"]);
  }
});

test("an approval of an earlier version is refused, and one of this version passes", async () => {
  const id = await changeIn(served.world, "deployed");
  const { version } = (await served.ask("GET", `/api/changes/${id}`)).body;
  const late = await served.ask("POST", `/api/changes/${id}/approve`, { body: { version: version - 1 } });
  expect([late.status, late.body.code, late.body.current_status]).toEqual([409, "MOVED_ON", "deployed"]);
  expect((await served.ask("POST", `/api/changes/${id}/reject`, { body: { version } })).body.status).toBe("rejected");
});

test("asking for changes begins another round with what was said", async () => {
  const id = await changeIn(served.world, "deployed");
  const comments = [{ file: "src/app.js", line: 12, text: "Smaller" }, { text: "And blue" }];
  const { body } = await served.ask("POST", `/api/changes/${id}/request-changes`, {
    body: { text: "Almost", comments },
  });
  expect(body).toMatchObject({ status: "implementing", round: 2, decided_by: "the admin" });
  expect(body.feedback).toEqual({
    round: 2,
    text: "Almost",
    comments: [comments[0], { file: null, line: null, text: "And blue" }],
  });
});

test("asking for changes without saying which is refused", async () => {
  const id = await changeIn(served.world, "deployed");
  const { status, body } = await served.ask("POST", `/api/changes/${id}/request-changes`, { body: { text: "  " } });
  expect([status, body.code]).toEqual([400, "REQUEST_INVALID"]);
});

test("a cancelled change can be retried", async () => {
  const id = await changeIn(served.world, "implementing");
  const cancelled = await served.ask("POST", `/api/changes/${id}/cancel`, { as: "request", body: { note: "Not now" } });
  expect(cancelled.body).toMatchObject({
    status: "failed",
    failure_kind: "cancelled",
    failure_message: "cancelled by the request: Not now",
    failed_in: "implementing",
  });
  const retried = await served.ask("POST", `/api/changes/${id}/retry`, { as: "request" });
  expect(retried.body.last_failure).toMatchObject({ kind: "cancelled", in: "implementing" });
});

test("of an approval and a rejection at once, exactly one wins", async () => {
  for (let round = 0; round < 20; round += 1) {
    const id = await changeIn(served.world, "deployed");
    const answers = await Promise.all(
      ["approve", "reject"].map((verb) => served.ask("POST", `/api/changes/${id}/${verb}`)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
  }
});

test("a change that was rejected is not rejected once more, and the answer says that this is final", async () => {
  const id = await changeIn(served.world, "deployed");
  expect((await served.ask("POST", `/api/changes/${id}/reject`, { body: {} })).status).toBe(200);
  const again = await served.ask("POST", `/api/changes/${id}/reject`, { body: {} });
  expect([again.status, again.body.code]).toEqual([409, "MOVE_ILLEGAL"]);
  expect(again.body.detail).toContain("rejected is final.");
});
