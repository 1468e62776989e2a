import { describe, expect, test } from "vitest";
import { claude } from "../../../src/providers/agents/claude.ts";
import { jobOf, recorded } from "./agent-jobs.ts";

describe("the command of Claude Code", () => {
  test("begins the session whose id was fixed before, with the prompt on standard input only", () => {
    const prompt = "--help $(touch x) `y` \"'\n🙂";
    const { argv, stdin } = claude.command(jobOf({ prompt }));
    expect(argv).toEqual([
      ...["claude", "-p", "--output-format", "stream-json", "--verbose", "--permission-mode", "bypassPermissions"],
      ...["--session-id", "8bd052ef-7984-4a6d-b77f-de8420519c12"],
    ]);
    expect(stdin).toBe(prompt);
  });

  test("resumes the session in a later round", () => {
    const { argv } = claude.command(jobOf({ resume: true }));
    expect(argv.slice(-2)).toEqual(["--resume", "8bd052ef-7984-4a6d-b77f-de8420519c12"]);
  });

  test("says each setting, and the user's own arguments last", () => {
    const settings = {
      executable: "/opt/claude",
      model: "opus",
      effort: "high",
      maxTurns: 20,
      maxBudgetUsd: 1.5,
      permissionMode: "acceptEdits",
      appendSystemPrompt: "-be brief",
      extraArgs: ["--add-dir", "/srv/docs"],
    };
    const { argv } = claude.command(jobOf({ settings }));
    expect(argv[0]).toBe("/opt/claude");
    expect(argv).toContain("acceptEdits");
    expect(argv.slice(-7)).toEqual([
      ...[
        "--model=opus",
        "--effort=high",
        "--max-turns=20",
        "--max-budget-usd=1.5",
        "--append-system-prompt=-be brief",
      ],
      ...["--add-dir", "/srv/docs"],
    ]);
  });

  test("asks a reviewer for JSON and takes the editing tools away", () => {
    const { argv } = claude.command(jobOf({ role: "review" }));
    const schema = argv.find((argument) => argument.startsWith("--json-schema="));
    expect(JSON.parse(schema?.slice("--json-schema=".length) ?? "")).toMatchObject({
      required: ["verdict", "findings"],
    });
    expect(argv).toContain("--disallowedTools=Edit,Write,NotebookEdit");
  });

  test("passes a plan's schema on without its dialect, which Claude Code refuses", () => {
    const schema = { $schema: "https://json-schema.org/draft/2020-12/schema", type: "object" };
    expect(claude.command(jobOf({ role: "plan", schema })).argv).toContain('--json-schema={"type":"object"}');
  });

  test("keeps its state apart where a variable logs it in, and finds the user's own login where none does", () => {
    const apart = claude.command(jobOf({ credentialsPresent: ["ANTHROPIC_API_KEY"] })).variables;
    expect(apart).toMatchObject({ CLAUDE_CONFIG_DIR: "/srv/fairlead/state/claude", IS_SANDBOX: "1" });
    for (const credentialsPresent of [[], ["ANTHROPIC_BASE_URL"]]) {
      expect(claude.command(jobOf({ credentialsPresent })).variables).not.toHaveProperty("CLAUDE_CONFIG_DIR");
    }
  });
});

describe("the live log of Claude Code", () => {
  const notesOf = (name: string) =>
    recorded(name)
      .split("\n")
      .map(claude.note)
      .filter((note) => note !== null);

  test("shows what it says and which tools it uses", () => {
    expect(notesOf("claude-success-tool")).toEqual([
      { kind: "text", text: "I will write the file." },
      { kind: "tool", text: "Write hello.txt" },
      { kind: "text", text: "All done: the change is complete." },
    ]);
  });

  test("shows the command that a shell runs", () => {
    expect(notesOf("claude-max-turns")[0]).toEqual({ kind: "tool", text: "Bash echo 1" });
  });

  test("warns of retries and of what the provider answered", () => {
    expect(notesOf("claude-overloaded-retries")).toEqual([
      { kind: "warning", text: "The model provider answered 529 overloaded: attempt 1 of 2 in 0.5 s" },
      { kind: "warning", text: "The model provider answered 529 overloaded: attempt 2 of 2 in 1.0 s" },
      { kind: "warning", text: expect.stringContaining("529 Overloaded") },
    ]);
  });

  test("warns of denied tools", () => {
    expect(notesOf("claude-permission-denied")).toContainEqual({
      kind: "warning",
      text: "The tool Write was not permitted",
    });
  });

  test("shows a limit and when it resets", () => {
    expect(notesOf("claude-usage-limit")[0]).toEqual({
      kind: "limit",
      text: "The account's five-hour limit is used up; it resets at 2026-11-21T07:58:51.000Z",
    });
  });

  test.each(["", "  ", "{", '{"type":"from_the_future"}', '{"type":"assistant"}', "[]", "null", '{"type":"result"'])(
    "says nothing of %j",
    (line) => {
      expect(claude.note(line)).toBeNull();
    },
  );

  test("shows plain words as they are", () => {
    expect(claude.note("npm warn something")).toEqual({ kind: "text", text: "npm warn something" });
  });
});
