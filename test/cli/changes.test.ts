import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ChangeId } from "../../src/domain/ids.ts";
import { deployedChange, logOutput, makePlace, me, type Place, pendingChange } from "./fairlead.ts";

// What an attacker asks for, to be read by somebody at a terminal.
const hostile = "Add \u001b[31ma\u001b]0;title\u0007 \u202espinner\u0000\u009b2J\r".replace("\0", "");

let place: Place;
beforeAll(async () => {
  place = await makePlace();
});
afterAll(() => place.remove());

function shortOf(id: ChangeId): string {
  return id.slice(-8).toLowerCase();
}

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
  });

  test("diff of a change that has pushed nothing says so", async () => {
    const { origin, database } = place;
    const id = await pendingChange(database);
    await database.sql`update fairlead.change_requests set repository_url = ${origin} where id = ${id}`;
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
    expect((await place.fairlead(rework)).out).toBe(`${short} is implementing: Add a spinner\n`);
    const { feedback } = JSON.parse((await place.fairlead(["show", id, "--json"])).out);
    expect(feedback).toMatchObject({
      text: "Blue",
      comments: [{ file: "a.js", line: 3, text: "here: too" }, { line: 1 }],
    });
    expect((await place.fairlead(["cancel", id, "--note", "wrong"])).out).toBe(`${short} is failed: Add a spinner\n`);
    // It waits until the environment that it failed in is cleaned up, and here is no worker that would do that.
    expect((await place.fairlead(["retry", id])).out).toBe(`${short} is pending: Add a spinner\n`);
    const other = await deployedChange(place);
    expect((await place.fairlead(["reject", other])).out).toBe(`${shortOf(other)} is rejected: Add a spinner\n`);
  });

  test("request-changes without a word about what to change is refused", async () => {
    const id = await deployedChange(place);
    expect(await place.fairlead(["request-changes", id])).toMatchObject({ code: 2, out: "" });
    expect(await place.fairlead(["request-changes", id, "--comment", "nonsense"])).toMatchObject({ code: 2, out: "" });
  });
});

describe("the log", () => {
  const written = `{"type":"say","text":"Hello \\u001b[31mred"}\n{"type":"did","text":"edit a.js"}\nplain\n`;

  test("shows what an agent's lines mean, or with --raw what it wrote", async () => {
    const id = await deployedChange(place);
    await logOutput(place.database, id, written);
    const { out } = await place.fairlead(["log", id]);
    expect(out).toBe("agent-1 | Hello red\nagent-1 | › edit a.js\nagent-1 | plain\n");
    expect((await place.fairlead(["log", id, "--raw"])).out).toBe(written);
    const json = JSON.parse((await place.fairlead(["log", id, "--json"])).out);
    expect(json).toMatchObject({
      entries: [
        { process: "agent-1", lines: [{ kind: "text" }, { kind: "tool", text: "edit a.js" }, { kind: "text" }] },
      ],
      last_seq: expect.any(Number),
    });
  });

  test("followed without a terminal, it is plain lines that end with the preview and what can be done", async () => {
    const id = await deployedChange(place);
    await logOutput(place.database, id, written);
    const { out, err, code } = await place.fairlead(["log", "-f", id]);
    expect(code).toBe(0);
    expect(err).toBe("");
    expect(out).toMatch(/^\d\d:\d\d:\d\d change\.pending by /);
    expect(out).toContain(" change.implementing\n");
    expect(out).toContain("agent-1 | › edit a.js\n");
    expect(out).toContain(`✓ ${shortOf(id)} is deployed: http://localhost:20000\n`);
    expect(out).toContain(`npx fairlead approve ${shortOf(id)} `);
    expect(out).not.toContain("\u001b");
  });

  test("followed with --json, it is a document a line and the change at the end", async () => {
    const id = await deployedChange(place);
    await logOutput(place.database, id, written);
    const { out } = await place.fairlead(["log", "-f", id, "--json"]);
    const documents = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(documents.map(({ type }) => type)).toContain("event");
    expect(documents.map(({ type }) => type)).toContain("log");
    expect(documents.at(-1)).toMatchObject({ type: "change", id, status: "deployed" });
  });
});

describe("watching", () => {
  test("goes on with what happens, says that no worker runs, and exits with 6 when the change fails", async () => {
    await pendingChange(place.database); // the workspace
    const watching = place.start(["request", "Watched", "-w", "shop", "--agent", "scripted", "--watch"]);
    const { sql } = place.database;
    await expect
      .poll(() => sql`select from fairlead.change_requests where request_text = 'Watched'`, { timeout: 20_000 })
      .toHaveLength(1);
    await sql`
      update fairlead.change_requests set status = 'failed', failure_kind = 'agent', failure_message = 'it gave up'
      where request_text = 'Watched'`;
    const { stdout, stderr, exitCode } = await watching;
    expect(exitCode).toBe(6);
    expect(stdout).toMatch(/Asked for \w{8} in shop: Watched\n/);
    expect(stdout).toMatch(/change\.failed: it gave up\n(.*\n)*✗ \w{8} failed in provisioning \(agent\): it gave up\n/);
    expect(stderr).toContain("No worker is running");
  });

  test("a rejected change exits with 6, a merged one with 0 and its commit", async () => {
    const { sql } = place.database;
    const [rejected, merged] = [await deployedChange(place), await deployedChange(place)];
    await sql`select fairlead.reject_change(${rejected}, 'ann', 'not now')`;
    const no = await place.fairlead(["log", "-f", rejected]);
    expect(no).toMatchObject({ code: 6 });
    expect(no.out).toContain("was rejected by ann: not now\n");
    await sql`update fairlead.change_requests set repository_url = '/elsewhere' where id = ${merged}`;
    await sql`select fairlead.approve_change(${merged}, 'ann')`;
    await sql`update fairlead.change_requests set status = 'merged', merge_commit_sha = 'abcdef' where id = ${merged}`;
    const yes = await place.fairlead(["log", "-f", merged]);
    expect(yes).toMatchObject({ code: 0 });
    expect(yes.out).toContain("is merged into main as abcdef\n");
  });

  test("goes on when Postgres drops its connections", async () => {
    const { sql } = place.database;
    const id = await pendingChange(place.database);
    const watching = place.start(["log", "-f", id]);
    for await (const line of watching) {
      if (!line.includes("change.pending")) continue;
      await sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'fairlead' and pid <> pg_backend_pid()`;
      await sql`select fairlead.cancel_change(${id}, 'ann')`;
    }
    const { exitCode, stdout } = await watching;
    expect(exitCode).toBe(6);
    expect(stdout).toContain("(cancelled): cancelled by ann\n");
  });

  test.each([["SIGINT" as const], ["SIGTERM" as const]])("%s ends it with 130 and no complaint", async (signal) => {
    const id = await pendingChange(place.database);
    const watching = place.start(["log", "-f", id]);
    for await (const line of watching) if (line.includes("change.pending")) watching.kill(signal);
    const { exitCode, stderr } = await watching;
    expect(exitCode).toBe(130);
    expect(stderr).not.toContain("error");
  });
});
