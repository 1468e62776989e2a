import type { Environment } from "../../providers/environments/port.ts";

export const resumesAtMost = 2;

/** The name of a start that resumes an agent's session after the agent was killed, for the nth time. */
export const resumedName = (name: string, resumes: number): string => `${name}-resumed-${resumes}`;

/** The name of a start in a new session, because the CLI did not know the session that was to be resumed. */
export const anewName = (name: string): string => `${name}-anew`;

/** Each name that a start of an agent may have. */
export function startNames(name: string): string[] {
  const resumed = Array.from({ length: resumesAtMost }, (_, index) => resumedName(name, index + 1));
  return [name, ...resumed].flatMap((start) => [start, anewName(start)]);
}

/** Which of these names processes have been started under. */
export async function startedOf(environment: Pick<Environment, "adopt">, names: readonly string[]): Promise<string[]> {
  const states = await Promise.all(names.map((start) => environment.adopt(start)));
  return names.filter((_, index) => states[index]?.state !== "absent");
}

/** The names of the processes that an attempt of a step may have: an agent may be started more than once. */
export const processNames = (name: string, isAgent: boolean): string[] => (isAgent ? startNames(name) : [name]);

/** Stops the processes of these names with all their descendants. A name that was not started yet can't be started afterwards. */
export async function stopAll(
  environment: Pick<Environment, "stop">,
  names: readonly string[],
  graceMs: number,
): Promise<void> {
  for (const name of names) await environment.stop(name, graceMs);
}
