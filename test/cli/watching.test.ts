import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ownServer, type Server } from "../crash/server.ts";
import { databaseAt, withDatabase } from "../support/database.ts";
import { deployedChange, logOutput, makePlace, type Place, pendingChange, shortOf } from "./fairlead.ts";

let place: Place;
beforeAll(async () => {
  place = await makePlace();
});
afterAll(() => place.remove());

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
    expect(out).toMatch(/^\d\d:\d\d:\d\d asked for by .+\n\d\d:\d\d:\d\d an environment is being made\n/);
    expect(out).toContain(" the agent works on change/x\n");
    expect(out).toContain(" pushed abcdef012345 to change/x; now its preview\n");
    expect(out).toContain(" a preview is at http://localhost:20000, and waits for a person\n");
    expect(out).not.toMatch(/ (change|environment)\.\w+/);
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
  test("a rejected change exits with 6, a merged one with 0 and its commit", async () => {
    const { sql } = place.database;
    // Into a branch of its own: others are merging into that of the shop.
    const [rejected, merged] = [await deployedChange(place), await deployedChange(place, { repository: place.origin })];
    await sql`select fairlead.reject_change(${rejected}, 'ann', 'not now')`;
    const no = await place.fairlead(["log", "-f", rejected]);
    expect(no).toMatchObject({ code: 6 });
    expect(no.out).toContain("was rejected by ann: not now\n");
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
      if (!line.includes("asked for")) continue;
      await sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'fairlead' and pid <> pg_backend_pid()`;
      await sql`select fairlead.cancel_change(${id}, 'ann')`;
    }
    const { exitCode, stdout } = await watching;
    expect(exitCode).toBe(6);
    expect(stdout).toContain("was cancelled by ann\n");
  });

  test.each([["SIGINT" as const], ["SIGTERM" as const]])("%s ends it with 130 and no complaint", async (signal) => {
    const id = await pendingChange(place.database);
    const watching = place.start(["log", "-f", id]);
    for await (const line of watching) if (line.includes("asked for")) watching.kill(signal);
    const { exitCode, stderr } = await watching;
    expect(exitCode).toBe(130);
    expect(stderr).not.toContain("error");
  });
});

describe("watching on a server without other transactions", () => {
  // Events are shown once no older transaction of the server is open, so those of other tests would delay them.
  let server: Server;
  let place: Place;
  beforeAll(async () => {
    server = await ownServer();
    place = await makePlace(databaseAt(withDatabase(server.maintenanceUrl, server.template), async () => {}));
  }, 60_000);
  afterAll(async () => {
    await place.remove();
    await server.close();
  });

  test("goes on with what happens, says that no worker runs, and exits with 6 when the change fails", async () => {
    await pendingChange(place.database); // the workspace
    const watching = place.start(["request", "Watched", "-w", "shop", "--agent", "scripted", "--watch"]);
    const { sql } = place.database;
    let remarks = "";
    watching.stderr?.on("data", (text: Buffer) => {
      remarks += text.toString();
    });
    await expect.poll(() => remarks, { timeout: 20_000 }).toContain("No worker is running");
    await sql`
      update fairlead.change_requests set status = 'failed', failure_kind = 'agent', failure_message = 'it gave up'
      where request_text = 'Watched'`;
    const { stdout, exitCode } = await watching;
    expect(exitCode).toBe(6);
    expect(stdout).toMatch(/Asked for \w{8} in shop: Watched\n/);
    expect(stdout).toMatch(/failed: it gave up\n(.*\n)*✗ \w{8} failed in provisioning \(agent\): it gave up\n/);
  });

  test("a word with --watch shows what comes of it, and not what was before", async () => {
    const { sql } = place.database;
    const id = await deployedChange(place);
    await logOutput(place.database, id, "before\n");
    const watching = place.start(["request-changes", id, "--text", "Blue", "--watch"]);
    const seen: string[] = [];
    for await (const line of watching) {
      seen.push(line);
      if (!line.includes("sent into round 2")) continue;
      await sql`
        update fairlead.change_requests set status = 'failed', failure_kind = 'no_changes', failure_message = 'nothing new'
        where id = ${id}`;
    }
    expect((await watching).exitCode).toBe(6);
    expect(seen).toEqual([
      `${shortOf(id)} is implementing: Add a spinner`,
      expect.stringMatching(/ sent into round 2 by /),
      expect.stringMatching(/ failed: nothing new$/),
      expect.stringMatching(/ cleaning up$/),
      `✗ ${shortOf(id)} failed in implementing (no_changes): nothing new`,
      '  npx fairlead request "…"         asks for it in other words',
      `  npx fairlead retry ${shortOf(id)}     goes on from its branch`,
    ]);
  });
});
