import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noWorker } from "../../src/cli/doctor/workers-alive.ts";
import { deployedChange, makePlace, me, type Place, pendingChange, shortOf } from "./fairlead.ts";

// What an attacker asks for, to be read by somebody at a terminal.
const hostile = "Add \u001b[31ma\u001b]0;title\u0007 \u202espinner\u0000\u009b2J\r".replace("\0", "");

let place: Place;
beforeAll(async () => {
  place = await makePlace();
});
afterAll(() => place.remove());

describe("listing and showing changes", () => {
  test("ls is an aligned table with nothing in it that a terminal would obey", async () => {
    const id = await deployedChange(place, { text: hostile });
    const { out, code } = await place.fairlead(["ls"]);
    expect(code).toBe(0);
    const [head, row] = out.split("\n");
    expect(head).toMatch(/^ID +STATUS +FOR +WORKSPACE +REQUEST$/);
    expect(row).toMatch(new RegExp(`^${shortOf(id)}  deployed  \\d+s +shop +Add a spinner`));
    expect(out).not.toMatch(/(?!\n)\p{Cc}|\u202e/u);
  });

  test("ls --json pages as the API does, newest first", async () => {
    const newest = await deployedChange(place, { text: "Newest" });
    const page = JSON.parse((await place.fairlead(["ls", "--json", "--limit", "1"])).out);
    expect(page).toMatchObject({ changes: [{ id: newest, status: "deployed" }], next: newest });
    const rest = await place.fairlead(["ls", "--json", "--before", page.next]);
    expect(rest.out).not.toContain("\u202e");
    expect(JSON.parse(rest.out).changes.every(({ id }: { id: string }) => id < newest)).toBe(true);
    expect(JSON.parse(rest.out).next).toBeNull();
  });

  test("ls takes statuses and a workspace, and refuses unknown ones", async () => {
    const none = await place.fairlead(["ls", "--status", "merged,rejected", "-w", "shop"]);
    expect(none).toMatchObject({ code: 0, out: "" });
    expect(none.err).toContain("No changes");
    expect((await place.fairlead(["ls", "-s", "nope"])).code).toBe(2);
    expect((await place.fairlead(["ls", "-w", "nope"])).code).toBe(3);
  });

  test("show takes the ending of an id in any case", async () => {
    const id = await deployedChange(place, { text: hostile });
    const shown = await place.fairlead(["show", shortOf(id)]);
    expect(shown.out).toContain(id);
    expect(shown.out).toContain("http://localhost:20000");
    expect(shown.out).not.toMatch(/(?!\n)\p{Cc}|\u202e/u);
    const json = await place.fairlead(["show", id.slice(-10), "--json"]);
    expect(JSON.parse(json.out)).toMatchObject({ id, request_text: hostile, preview_url: "http://localhost:20000" });
    expect(await place.fairlead(["show", "zzzzzzzz"])).toMatchObject({ code: 3, out: "" });
    const short = await place.fairlead(["show", "09r"]);
    expect(short).toMatchObject({ code: 2, out: "" });
    expect(short.err).toContain('"09r" is too short: give four characters or more of its id');
  });

  test("show tells how the app is run and what was asked to change, and leaves out what is empty", async () => {
    const id = await deployedChange(place);
    const blueprint = {
      setup: ["npm", "ci"],
      start: ["npm", "start"],
      check: null,
      port: 3000,
      source: "package.json",
    };
    await place.database.sql`
      update fairlead.change_requests set blueprint = ${place.database.sql.json(blueprint)}, summary = '' where id = ${id}`;
    await place.fairlead(["request-changes", id, "--comment", "a.js:3: bluer"]);
    const { out } = await place.fairlead(["show", id]);
    expect(out).toMatch(/^setup +npm ci\nstart +npm start\nport +3000\nthese are from +package\.json\n/m);
    expect(out).toMatch(/^asked to change +a\.js:3: bluer\n/m);
    expect(out).not.toMatch(/^(summary|check|note)\b/m);
    expect(JSON.parse((await place.fairlead(["show", id, "--json"])).out).blueprint).toEqual(blueprint);
  });

  test("diff of a change that has pushed nothing says so", async () => {
    const id = await pendingChange(place.database, { repository: place.origin });
    const ran = await place.fairlead(["diff", id]);
    expect(ran).toMatchObject({ code: 4, out: "" });
    expect(ran.err).toContain("(DIFF_NOT_READY)");
  });
});

describe("a person's word", () => {
  test("approve names who said so, and is bound to the version they saw", async () => {
    const id = await deployedChange(place);
    const late = await place.fairlead(["approve", id, "--version", "1", "--json"]);
    expect(late.code).toBe(4);
    expect(JSON.parse(late.err)).toMatchObject({ error: { code: "MOVED_ON" } });
    const ran = await place.fairlead(["approve", id, "--note", "fine", "--json"]);
    expect(JSON.parse(ran.out)).toMatchObject({ id, status: "merging", decided_by: me, decision_note: "fine" });
    const again = await place.fairlead(["approve", id]);
    expect(again.code).toBe(4);
    expect(again.err).toContain("(MOVE_ILLEGAL)");
  });

  test("reject, request-changes, cancel and retry move it and say where it is", async () => {
    const id = await deployedChange(place);
    const short = shortOf(id);
    const rework = ["request-changes", id, "--text", "Blue", "--comment", "a.js:3: here: too", "--comment", "b:1:x"];
    expect((await place.fairlead(rework)).out).toBe(
      `${short} is implementing: Add a spinner\n  npx fairlead log -f ${short}   follows it\n`,
    );
    const { feedback } = JSON.parse((await place.fairlead(["show", id, "--json"])).out);
    expect(feedback).toMatchObject({
      text: "Blue",
      comments: [{ file: "a.js", line: 3, text: "here: too" }, { line: 1 }],
    });
    expect((await place.fairlead(["cancel", id, "--note", "wrong"])).out).toBe(
      `${short} is cancelled; its branch stays, and \`fairlead retry\` goes on from it\n`,
    );
    // It waits until the environment that it failed in is cleaned up, and here is no worker that would do that.
    expect((await place.fairlead(["retry", id])).out).toContain(`${short} is pending: Add a spinner\n`);
    const other = await deployedChange(place);
    expect((await place.fairlead(["reject", other])).out).toBe(`${shortOf(other)} is rejected: Add a spinner\n`);
  });

  test("a word that does not apply is refused with the commands that do, and short ids", async () => {
    const id = await deployedChange(place);
    const short = shortOf(id);
    const early = await place.fairlead(["retry", id]);
    const can = "You can: approve, reject, request-changes, cancel.";
    expect(early.err).toBe(`error: ${short} is deployed: it can't be retried. ${can} (MOVE_ILLEGAL)\n`);
    const json = JSON.parse((await place.fairlead(["retry", id, "--json"])).err);
    expect(json.error).toMatchObject({ code: "MOVE_ILLEGAL", message: expect.stringContaining(id) });
    const late = await place.fairlead(["approve", id, "--version", "1"]);
    expect(late.err).toMatch(new RegExp(`^error: change ${short} has moved on: .* \\(MOVED_ON\\)\n$`));
    await place.fairlead(["cancel", id]);
    const twice = await place.fairlead(["cancel", id]);
    expect(twice.err).toBe(`error: ${short} is cancelled already. You can: retry. (MOVE_ILLEGAL)\n`);
    await place.fairlead(["reject", await deployedChange(place)]);
    const other = await deployedChange(place);
    await place.fairlead(["reject", other]);
    const final = await place.fairlead(["approve", other]);
    expect(final.err).toContain(`${shortOf(other)} is rejected: it can't be approved. That is final.`);
  });

  test("whatever leaves something to a worker says when there is none", async () => {
    const id = await deployedChange(place);
    for (const args of [
      ["request-changes", id, "--text", "Blue"],
      ["show", id],
      ["ls"],
      ["cancel", id],
      ["retry", id],
    ]) {
      expect((await place.fairlead(args)).err, args.join(" ")).toBe(`${noWorker}\n`);
    }
    const { id: other } = JSON.parse((await place.fairlead(["show", await deployedChange(place), "--json"])).out);
    expect((await place.fairlead(["show", other])).err).toBe("");
    expect((await place.fairlead(["approve", other])).err).toBe(`${noWorker}\n`);
  });

  test("one that was cancelled is called so, and stays failed in JSON", async () => {
    const id = await pendingChange(place.database, { text: "Cancelled" });
    const said = await place.fairlead(["cancel", id]);
    expect(said.out).toBe(`${shortOf(id)} is cancelled; \`fairlead retry\` tries again from the start\n`);
    expect((await place.fairlead(["show", id])).out).toMatch(
      /^status +cancelled for \d+s\nwaits for .*from the start\n/m,
    );
    expect((await place.fairlead(["ls", "-n", "1"])).out).toContain(`${shortOf(id)}  cancelled  `);
    expect(JSON.parse((await place.fairlead(["show", id, "--json"])).out)).toMatchObject({ status: "failed" });
    const watched = await place.fairlead(["log", "-f", id]);
    expect(watched.out).toContain(`✗ ${shortOf(id)} was cancelled by ${me}\n  npx fairlead retry`);
  });

  test("request-changes without a word about what to change is refused", async () => {
    const id = await deployedChange(place);
    expect(await place.fairlead(["request-changes", id])).toMatchObject({ code: 2, out: "" });
    expect(await place.fairlead(["request-changes", id, "--comment", "nonsense"])).toMatchObject({ code: 2, out: "" });
  });
});
