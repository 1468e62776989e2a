import { chmod, mkdir } from "node:fs/promises";
import { execa } from "execa";
import type { Account } from "./account.ts";

/** Only what Postgres needs: a PGPORT or an LD_LIBRARY_PATH of the user's would lead it astray. Messages in English. */
export const cleanVariables = { PATH: process.env.PATH ?? "/usr/bin:/bin", LC_ALL: "C" };

/** Runs a short command as the account and says how it went, `output` being both its streams. */
export async function run(account: Account | null, program: string, args: readonly string[], timeoutMs: number) {
  const ran = await execa(program, args, {
    ...account,
    // Ours may be a folder that the account can't be in.
    cwd: "/",
    env: cleanVariables,
    extendEnv: false,
    stdin: "ignore",
    all: true,
    reject: false,
    timeout: timeoutMs,
  });
  return { ok: !ran.failed, output: ran.all === "" || ran.all === undefined ? (ran.shortMessage ?? "") : ran.all };
}

/** The last lines of what a program has printed, one by one. */
export function tailOf(text: string, count = 12): string[] {
  return text.trim().split("\n").slice(-count);
}

/** Asks the kernel, not the mode bits: ACLs and mounts have a say too. `kind` as in test(1): x enter or run, r read. */
export async function may(account: Account | null, kind: "x" | "r", path: string): Promise<boolean> {
  const { ok } = await run(account, "sh", ["-c", 'test "-$1" "$2"', "sh", kind, path], 10_000);
  return ok;
}

/** Makes a folder that the account may pass through, whatever our umask. */
export async function makeEnterable(account: Account, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  if (!(await may(account, "x", folder))) await chmod(folder, 0o711);
}
