import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { complaint } from "../../../src/providers/git/calls/complaint.ts";
import { git } from "../../../src/providers/git/calls/git.ts";
import { listRemote } from "../../../src/providers/git/mirror/remote.ts";
import { scratch } from "./support.ts";

/** A server that takes connections and never says a word. */
async function silentServer(): Promise<string> {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === "object" && address !== null ? `127.0.0.1:${address.port}` : "";
}

test.each(["git", "http"])("a %s remote that never answers is given up on when the time is over", async (scheme) => {
  const url = `${scheme}://${await silentServer()}/app.git`;
  const result = await git(["ls-remote", url], { remote: { url }, timeoutMs: 300 });
  expect(result).toMatchObject({ timedOut: true });
});

test("what git started ends with it, so that nobody waits for its output", async () => {
  const variables = { GIT_SSH_COMMAND: "sh -c 'sleep 60; echo' --" };
  const url = "ssh://127.0.0.1/app.git";
  const before = performance.now();
  const result = await git(["ls-remote", url], { remote: { url }, timeoutMs: 300, variables });
  expect(result.timedOut).toBe(true);
  expect(performance.now() - before).toBeLessThan(5_000);
});

test("an abort ends it at once with the abort's reason", async () => {
  const url = `git://${await silentServer()}/app.git`;
  await expect(listRemote({ url }, undefined, AbortSignal.timeout(200))).rejects.toThrow(/timeout/i);
  await expect(listRemote({ url }, undefined, AbortSignal.abort(new Error("cancelled")))).rejects.toThrow("cancelled");
});

test("nothing of the server's environment reaches git that git doesn't need", async () => {
  const directory = await scratch();
  process.env.FAIRLEAD_TEST_SECRET = "s3cr3t";
  process.env.GIT_DIR = "/somewhere/else";
  onTestFinished(() => {
    delete process.env.FAIRLEAD_TEST_SECRET;
    delete process.env.GIT_DIR;
  });
  const { stdout } = await git(["-c", "alias.variables=!env", "variables"], { cwd: directory });
  expect(stdout).not.toContain("s3cr3t");
  expect(stdout).not.toContain("/somewhere/else");
  expect(stdout).toContain("GIT_TERMINAL_PROMPT=0");
});

test("output beyond the limit is left out without cutting a character in two", async () => {
  const result = await git(["-c", "alias.say=!printf ééééé", "say"], { cwd: await scratch(), limit: 5 });
  expect(result).toMatchObject({ stdout: "éé", truncated: true });
});

test("of several errors, the reason is the last that is not the consequence of another", () => {
  // What a clone of a repository with a missing object prints.
  const damaged = [
    "remote: fatal: unable to read d00491fd7e5bb6fa28c517a0bb32b8b506539d4d        ",
    "error: git upload-pack: git-pack-objects died with error.",
    "remote: aborting due to possible repository corruption on the remote side. ",
    "fatal: git upload-pack: aborting due to possible repository corruption on the remote side.",
    "fatal: early EOF",
    "fatal: fetch-pack: invalid index-pack output",
  ];
  expect(complaint({ stderr: damaged.join("\n") })).toBe(
    "git upload-pack: aborting due to possible repository corruption on the remote side",
  );
  expect(complaint({ stderr: "fatal: early EOF\n" })).toBe("early EOF");
  expect(complaint({ stderr: "" })).toBe("it gave no reason");
});
