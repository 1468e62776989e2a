import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { execa } from "execa";
import { ulid } from "ulid";
import { onTestFinished } from "vitest";
import type { EnvironmentId } from "../../../src/domain/ids.ts";
import { localEnvironments } from "../../../src/providers/environments/local.ts";
import type { Environment, EnvironmentProvider, ProcessState } from "../../../src/providers/environments/port.ts";
import { processTable } from "../../../src/providers/environments/process-table.ts";

export const newId = (): EnvironmentId => ulid() as EnvironmentId;
export const unhurried = (): AbortSignal => AbortSignal.timeout(60_000);

export interface Site {
  readonly home: string;
  readonly url: string;
  readonly provider: EnvironmentProvider;
}

/** A data folder and a remote repository of a test's own; what is left in it is ended and removed afterwards. */
export async function site(variables: NodeJS.ProcessEnv = process.env): Promise<Site> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "fairlead-environments-")));
  const home = join(folder, "home");
  const provider = localEnvironments({ home, variables });
  onTestFinished(async () => {
    for (const id of await provider.list()) await provider.terminate(id, "");
    await rm(folder, { recursive: true, force: true });
  });
  return { home, url: await remote(folder), provider };
}

export async function environment(at?: Site): Promise<Environment> {
  const { provider, url } = at ?? (await site());
  return provider.provision(request(newId(), url), unhurried());
}

export function request(id: EnvironmentId, repositoryUrl: string) {
  return { id, repositoryUrl, branch: "change/a-spinner", targetBranch: "main", hosts: [] };
}

async function remote(folder: string): Promise<string> {
  const work = join(folder, "work");
  const bare = join(folder, "remote.git");
  await mkdir(work);
  await writeFile(join(work, "readme.txt"), "hello\n");
  const author = ["-c", "user.name=A", "-c", "user.email=a@example.org"];
  await execa("git", ["init", "--quiet", "--initial-branch=main"], { cwd: work });
  await execa("git", ["add", "."], { cwd: work });
  await execa("git", [...author, "commit", "--quiet", "--message=first"], { cwd: work });
  await execa("git", ["clone", "--quiet", "--bare", work, bare]);
  return bare;
}

/** Looks until it is so; fails when it isn't in time. */
export async function until<Value>(
  look: () => Promise<Value | null | undefined | false>,
  timeoutMs = 10_000,
): Promise<Value> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await look();
    if (value !== null && value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`${look} did not come true in ${timeoutMs} ms`);
    await delay(10);
  }
}

export const ended = (place: Environment, name: string): Promise<ProcessState> =>
  until(async () => {
    const state = await place.adopt(name);
    return state.state === "running" ? null : state;
  });

export async function text(place: Environment, name: string, stream: "stdout" | "stderr" = "stdout"): Promise<string> {
  return (await place.read(name, stream, 0, 1_000_000)).toString();
}

/** Something to find processes by in the machine's own table, whatever else we know of them. */
export const token = (): string => `TEST_TOKEN=${randomUUID()}`;

export async function pidsWith(variable: string): Promise<number[]> {
  return (await processTable()).filter((entry) => entry.variables.includes(variable)).map((entry) => entry.pid);
}

/** The `NAME=value` as the variables of a process. */
export function asVariables(variable: string): Record<string, string> {
  const [name = "", value = ""] = variable.split("=");
  return { [name]: value };
}
