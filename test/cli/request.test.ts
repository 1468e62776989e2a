import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makePlace, me, type Place } from "./fairlead.ts";

let place: Place;
beforeAll(async () => {
  place = await makePlace();
});
afterAll(() => place.remove());

describe("asking for a change", () => {
  test("without a workspace, a checkout or only one to choose says what to do", async () => {
    const ran = await place.fairlead(["request", "Add a spinner"]);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain("--repo");
    expect(ran.err).toContain("(WORKSPACE_NOT_CHOSEN)");
    expect(ran.out).toBe("");
  });

  test("in a checkout registers it once, by its origin, and says that no worker runs", async () => {
    const first = await place.fairlead(["request", "Add a spinner", "--repo", ".", "--agent", "scripted"], {
      cwd: place.checkout,
    });
    expect(first).toMatchObject({ code: 0 });
    expect(first.out).toMatch(/^Asked for \w{8} in unser-shop: Add a spinner\n {2}npx fairlead log -f \w{8} /);
    expect(first.err).toContain(`Registered ${place.origin} as workspace unser-shop: branches and merges go there`);
    expect(first.err).toContain("No worker is running: start one with `npx fairlead start`");

    const second = await place.fairlead(["request", "And another", "--repo", place.checkout, "--json"]);
    const change = JSON.parse(second.out);
    expect(second.err).toBe("");
    expect(change).toMatchObject({
      workspace: "unser-shop",
      repository_url: place.origin,
      agent: "scripted",
      target_branch: "main",
      requester_id: me,
      requester_name: me,
      source: "cli",
      request_text: "And another",
      deduplicated: false,
    });
    const workspaces = await place.fairlead(["workspace", "ls", "--json"]);
    expect(JSON.parse(workspaces.out).workspaces).toHaveLength(1);
  });

  test("for an agent that isn't installed says so, as a remark", async () => {
    const bare = join(place.folder, "bin");
    await mkdir(bare);
    const { stdout: git } = await execa("sh", ["-c", "command -v git"]);
    await symlink(git, join(bare, "git"));
    const asking = ["request", "With Claude", "--repo", place.checkout];
    const remark = "claude is not installed here: install it, or try --agent scripted";
    const ran = await place.fairlead([...asking, "--agent", "claude"], { env: { PATH: bare } });
    expect(ran).toMatchObject({ code: 0, err: expect.stringContaining(remark) });
    const other = await place.fairlead([...asking, "--agent", "scripted"], { env: { PATH: bare } });
    expect(other).toMatchObject({ code: 0, err: expect.not.stringContaining(remark) });
  });

  test("takes the workspace of the folder it is called in, and the only one elsewhere", async () => {
    for (const cwd of [place.checkout, join(place.checkout, ".git", ".."), place.folder]) {
      const ran = await place.fairlead(["request", "Once more", "--json"], { cwd });
      expect(JSON.parse(ran.out)).toMatchObject({ workspace: "unser-shop" });
    }
  });

  test("with the same idempotency key gives the same change", async () => {
    const args = ["request", "Only once", "--idempotency-key", "k-1", "--json"];
    const [one, other] = [await place.fairlead(args), await place.fairlead(args)];
    expect(JSON.parse(one.out)).toMatchObject({ deduplicated: false });
    expect(JSON.parse(other.out)).toMatchObject({ deduplicated: true, id: JSON.parse(one.out).id });
  });

  test.each(["-x", "--repo", "$(touch pwned) `id` \"'\n;", "\u{1f600} \u202eevil"])(
    "takes %j as text",
    async (text) => {
      const ran = await place.fairlead(["request", "--json", "--", text]);
      expect(JSON.parse(ran.out)).toMatchObject({ request_text: text });
    },
  );

  test("takes words without quotes, and standard input for a dash", async () => {
    const words = await place.fairlead(["request", "Add", "a", "spinner", "--json"]);
    expect(JSON.parse(words.out)).toMatchObject({ request_text: "Add a spinner" });
    const input = await place.fairlead(["request", "-", "--json"], { input: "Line one\nLine two\n" });
    expect(JSON.parse(input.out)).toMatchObject({ request_text: "Line one\nLine two" });
  });
});

describe("what can't be asked for", () => {
  test.each<[string, string[], string | Uint8Array, string]>([
    ["an empty text", [""], "", "the request is empty"],
    ["nothing but white space", [" \n "], "", "the request is empty"],
    ["10,001 characters", ["x".repeat(10_001)], "", "10001 characters: at most 10000"],
    ["endless input", ["-"], "x".repeat(100_000), "more than 10000 characters"],
    ["a NUL byte", ["-"], "a\0b", "NUL byte"],
    ["bytes that are no UTF-8", ["-"], Uint8Array.of(0x61, 0xff, 0xfe), "not UTF-8"],
  ])("%s is refused before anything is made", async (_name, args, input, message) => {
    const ran = await place.fairlead(["request", ...args, "--repo", place.folder], { input });
    expect(ran.code).toBe(2);
    expect(ran.err).toMatch(/^error: .*\(REQUEST_TEXT_INVALID\)\n$/);
    expect(ran.err).toContain(message);
  });

  test("10,000 characters of four bytes are not too many", async () => {
    const ran = await place.fairlead(["request", "-", "--json"], { input: "\u{1f600}".repeat(10_000) });
    expect(ran.code).toBe(0);
  });

  test.each<[string, string[], number, string]>([
    ["an unknown workspace", ["-w", "nope"], 3, "WORKSPACE_UNKNOWN"],
    ["an unknown branch", ["--target", "nope"], 2, "TARGET_BRANCH_UNKNOWN"],
    ["a branch with a dash before it", ["--target=-x"], 2, "TARGET_BRANCH_UNKNOWN"],
    ["an unknown agent", ["--agent", "nope"], 2, "AGENT_UNKNOWN"],
    ["a folder that isn't there", ["--repo", "/nowhere"], 2, "NOT_A_CHECKOUT"],
    ["a folder that is no checkout", ["--repo", "/"], 2, "NOT_A_CHECKOUT"],
    ["an idempotency key without end", ["--idempotency-key", "k".repeat(201)], 2, "GIVEN_INVALID"],
    ["a workspace and a folder at once", ["-w", "unser-shop", "--repo", "."], 2, "USAGE"],
  ])("%s exits with a code of its own", async (_name, args, code, fault) => {
    const ran = await place.fairlead(["request", "Add a spinner", ...args, "--json"]);
    expect(ran.code).toBe(code);
    expect(ran.out).toBe("");
    expect(JSON.parse(ran.err)).toMatchObject({ error: { code: fault, message: expect.any(String) } });
  });
});
