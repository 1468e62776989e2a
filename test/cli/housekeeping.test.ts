import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bin, deployedChange, makePlace, type Place, pendingChange } from "./fairlead.ts";

let place: Place;
beforeAll(async () => {
  place = await makePlace();
});
afterAll(() => place.remove());

describe("workspaces", () => {
  test("one is added from the folder we are in, shown, listed and removed", async () => {
    const args = [
      "workspace",
      "add",
      "web",
      "--agent",
      "scripted",
      "--start",
      "npm run 'dev server'",
      "--port",
      "3000",
    ];
    const added = await place.fairlead([...args, "--json"], { cwd: place.checkout });
    expect(JSON.parse(added.out)).toMatchObject({
      name: "web",
      repository_url: place.origin,
      default_branch: "main",
      blueprint: { start: ["npm", "run", "dev server"], port: 3000 },
    });
    const again = await place.fairlead(args, { cwd: place.checkout });
    expect(again).toMatchObject({ code: 4 });
    expect(again.err).toContain("(WORKSPACE_EXISTS)");
    expect((await place.fairlead(["workspace", "show", "web"])).out).toMatch(/^name +web\nrepository +\/.*shop\.git\n/);
    expect((await place.fairlead(["workspace", "ls"])).out).toMatch(
      /^NAME +AGENTS .*\nweb +scripted +main +\/.*shop\.git\n$/,
    );
    expect((await place.fairlead(["workspace", "rm", "web"])).out).toBe("web is removed\n");
    expect((await place.fairlead(["workspace", "rm", "web", "--json"])).code).toBe(3);
    expect(await place.fairlead(["workspace", "ls"])).toMatchObject({ code: 0, out: "" });
  });

  test("one allows further agents, whose settings are in the option or in a file", async () => {
    await writeFile(join(place.folder, "settings.json"), '{"argv": ["true"], "variables": {"KEY": "s3cret"}}');
    const agents = ["--allow-agent", "command=settings.json", "--allow-agent", 'claude={"maxBudgetUsd": 5}'];
    const args = ["workspace", "add", "many", place.origin, "--agent", "scripted", ...agents];
    const added = await place.fairlead([...args, "--json"], { cwd: place.folder });
    expect(JSON.parse(added.out).agents).toEqual({
      command: { argv: ["true"], variables: { KEY: "[hidden]" } },
      claude: { maxBudgetUsd: 5 },
    });
    const shown = (await place.fairlead(["workspace", "show", "many"])).out;
    expect(shown).toMatch(/^allows agent +claude \{"maxBudgetUsd":5\}$/m);
    expect(shown).not.toContain("s3cret");
    expect((await place.fairlead(["workspace", "ls"])).out).toMatch(
      /^many +scripted, (claude, command|command, claude) /m,
    );
    await place.fairlead(["workspace", "rm", "many"]);
  });

  test.each<[string, string[], number]>([
    ["a name that isn't one", ["Web!", "."], 2],
    ["an address with a dash before it", ["web", "--", "-oProxyCommand=x"], 2],
    ["an address that runs a program", ["web", "ext::sh -c x"], 2],
    ["a repository that does not answer", ["web", "/nowhere/at-all.git"], 5],
    ["settings that are no JSON", ["web", ".", "--agent-settings", "{"], 2],
    ["an agent that there isn't", ["web", ".", "--allow-agent", "robin"], 2],
    ["an agent whose settings don't fit", ["web", ".", "--allow-agent", "command"], 2],
    ["an agent whose settings are no JSON", ["web", ".", "--allow-agent", "claude={"], 2],
    ["an agent whose file of settings isn't there", ["web", ".", "--allow-agent", "claude=nowhere.json"], 2],
    ["an agent twice", ["web", ".", "--allow-agent", "scripted", "--allow-agent", "scripted={}"], 2],
    ["its own agent", ["web", ".", "--allow-agent", "claude"], 2],
    ["a command that needs a shell", ["web", ".", "--start", "a && b"], 2],
  ])("%s is refused, and nothing is stored", async (_name, args, code) => {
    const ran = await place.fairlead(["workspace", "add", ...args], { cwd: place.checkout });
    expect(ran).toMatchObject({ code, out: "" });
    expect(ran.err).toMatch(/^error: [^\n]+ \([A-Z_]+\)\n$/);
    const { out } = await place.fairlead(["workspace", "ls", "--json"]);
    expect(JSON.parse(out).workspaces).toEqual([]);
  });
});

describe("environments", () => {
  test("they are listed with their change, and one that is needed is not removed", async () => {
    const id = await deployedChange(place);
    const { out } = await place.fairlead(["env", "ls", "-w", "shop"]);
    expect(out).toMatch(
      new RegExp(`^ID .*\\n\\w{8}  ready +\\d+s +shop +change ${id.slice(-8).toLowerCase()} +20000\\n$`),
    );
    const [environment] = JSON.parse((await place.fairlead(["env", "ls", "--json"])).out).environments;
    expect(environment).toMatchObject({ change_id: id, status: "ready" });
    const kept = await place.fairlead(["env", "rm", environment.id]);
    expect(kept).toMatchObject({ code: 4 });
    expect(kept.err).toContain("(ENVIRONMENT_IN_USE)");
    expect((await place.fairlead(["env", "rm", "zzzzzzzz"])).code).toBe(3);
    expect((await place.fairlead(["env", "rm", "no id"])).err).toContain('"no id" is not an id, nor the end of one');
    expect((await place.fairlead(["env", "ls", "-w", "No!"])).err).toContain('"No!" is not a workspace');
    await place.fairlead(["cancel", id]);
    const gone = await place.fairlead(["env", "rm", environment.id.slice(-8)]);
    expect(gone.out).toMatch(/^\w{8} is terminating\n$/);
  });

  test("a workspace says whether its processes may use the SSH agent, and by itself they may not", async () => {
    for (const [name, flags, may] of [
      ["shut", [], false],
      ["open", ["--ssh-agent"], true],
    ] as const) {
      const added = await place.fairlead(["workspace", "add", name, ...flags, "--json"], { cwd: place.checkout });
      expect(JSON.parse(added.out)).toMatchObject({ name, ssh_agent: may });
      const { out } = await place.fairlead(["workspace", "show", name]);
      expect(out.includes("SSH agent")).toBe(may);
      await place.fairlead(["workspace", "rm", name]);
    }
  });

  test("a workspace with changes stays", async () => {
    await pendingChange(place.database);
    expect(await place.fairlead(["workspace", "rm", "shop"])).toMatchObject({ code: 4 });
  });
});

describe("tokens", () => {
  test("one is shown once, listed without its secret, and revoked by the end of its id", async () => {
    const made = await place.fairlead(["token", "create", "ann", "--role", "review"]);
    expect(made.out).toMatch(/^fl_\w{26}_[\w-]{43}\n$/);
    expect(made.err).toContain("not shown again");
    const json = JSON.parse((await place.fairlead(["token", "create", "bob", "--json"])).out);
    expect(json).toMatchObject({ name: "bob", role: "request", revoked_at: null });
    const listed = await place.fairlead(["token", "ls"]);
    expect(listed.out).toMatch(/^ID +NAME +ROLE +AGE +USED\n\w{8} +bob +request .*\n\w{8} +ann +review .*\n$/);
    expect(listed.out).not.toContain(made.out.trim().slice(-43));
    expect((await place.fairlead(["token", "revoke", json.id.slice(-8)])).out).toMatch(/ \(bob\) is revoked\n$/);
    expect(await place.fairlead(["token", "revoke", json.id])).toMatchObject({ code: 3, out: "" });
  });

  test("a role or a name that isn't one is refused", async () => {
    expect((await place.fairlead(["token", "create", "ann", "--role", "king"])).code).toBe(2);
    expect((await place.fairlead(["token", "create", " "])).code).toBe(2);
  });
});

describe("the installation", () => {
  test("migrate says what it did, db url where the database is", async () => {
    expect((await place.fairlead(["migrate"])).out).toBe("The database is up to date.\n");
    expect(JSON.parse((await place.fairlead(["migrate", "--json"])).out)).toEqual({ applied: [] });
    expect((await place.fairlead(["db", "url"])).out).toBe(`${place.database.url}\n`);
    const json = JSON.parse((await place.fairlead(["db", "url", "--json"])).out);
    expect(json).toEqual({ url: place.database.url, embedded: false });
  });

  test("doctor looks at everything and only fails for what is in the way", async () => {
    const { out, code } = await place.fairlead(["doctor", "--json"]);
    const checks: { check: string; state: string }[] = JSON.parse(out).checks;
    const states = Object.fromEntries(checks.map(({ check, state }) => [check, state]));
    expect(states).toMatchObject({ node: "good", git: "good", postgres: "good", migrations: "good", workers: "note" });
    expect(code).toBe(0);
    expect((await place.fairlead(["doctor"])).out).toMatch(/^✓ node +\d+\.\d+\.\d+\n✓ git +2\./);
  });

  test("doctor says what a database that isn't there or a setting that can't be read means", async () => {
    const away = { env: { DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" } };
    const unreachable = await place.fairlead(["doctor"], away);
    expect(unreachable.code).toBe(1);
    expect(unreachable.out).toMatch(/^✗ postgres +No Postgres answers at 127\.0\.0\.1:1 /m);
    const unfit = await place.fairlead(["doctor"], { env: { FAIRLEAD_PORT: "many" } });
    expect(unfit.code).toBe(1);
    expect(unfit.out).toMatch(/^✗ settings +.*FAIRLEAD_PORT/m);
    const listing = await place.fairlead(["ls", "--json"], away);
    expect(listing).toMatchObject({ code: 5, out: "" });
    expect(JSON.parse(listing.err)).toMatchObject({ error: { code: "POSTGRES_UNREACHABLE" } });
  });

  test("a .env in the folder counts, under what is set already", async () => {
    const { folder, database } = place;
    await writeFile(join(folder, ".env"), "DATABASE_URL=postgres://nobody@127.0.0.1:1/none\nFAIRLEAD_PORT=many\n");
    const url = await place.fairlead(["db", "url"], { env: { FAIRLEAD_PORT: "4711" } });
    expect(url.out).toBe(`${database.url}\n`);
    expect(await place.fairlead(["db", "url"])).toMatchObject({ code: 2 });
  });
});

describe("the command line itself", () => {
  test("help needs no database, and names the exit codes", async () => {
    const { out, code } = await place.fairlead(["--help"], { env: { DATABASE_URL: "nonsense" } });
    expect(code).toBe(0);
    expect(out).toMatch(/Exit codes:\n {2}0 /);
    expect((await place.fairlead(["--version"])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await place.fairlead([])).out).toContain("Usage: fairlead");
  });

  test("what isn't understood exits with 2, as a sentence or as JSON", async () => {
    const ran = await place.fairlead(["lss"]);
    expect(ran).toMatchObject({ code: 2, out: "", err: "error: unknown command 'lss' (Did you mean ls?) (USAGE)\n" });
    const json = await place.fairlead(["ls", "--nope", "--json"]);
    expect(JSON.parse(json.err)).toMatchObject({ error: { code: "USAGE" } });
    expect(await place.fairlead(["workspace"])).toMatchObject({ code: 2, out: "" });
  });

  test("a reader that goes away ends it without a complaint", async () => {
    const id = await pendingChange(place.database);
    const watching = place.start(["log", "-f", id, "--json"], { cwd: place.checkout });
    watching.stdout.destroy();
    await place.database.sql`select fairlead.cancel_change(${id})`;
    const { exitCode, stderr } = await watching;
    expect(exitCode).toBe(0);
    expect(stderr).toBe("");
  });
  test.skipIf(!existsSync("/dev/full"))("output that a full disk swallows is an error", async () => {
    await using full = await open("/dev/full", "w");
    const { status, stderr } = spawnSync(process.execPath, [bin, "--help", "--json"], {
      stdio: ["ignore", full.fd, "pipe"],
    });
    expect(status).toBe(5);
    expect(JSON.parse(String(stderr))).toMatchObject({ error: { code: "OUTPUT_UNWRITABLE" } });
  });
});
