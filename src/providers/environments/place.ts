import { realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { EnvironmentIdInvalid, ProcessNameInvalid } from "../../domain/faults/environments.ts";
import type { EnvironmentId } from "../../domain/ids.ts";

/** Where on this machine an environment is, and what its processes may know. */
export interface Place {
  readonly id: EnvironmentId;
  readonly root: string;
  readonly checkout: string;
  readonly stateDirectory: string;
  /** One folder for each process that was ever started; it is there from when the environment is ready. */
  readonly processes: string;
  /** What `processes` is renamed to when the environment is closed: nothing starts from then on. */
  readonly closedProcesses: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** An id becomes a path that is removed with all that is in it, so nothing but a ULID passes. */
export function placeOf(home: string, id: EnvironmentId, variables: Readonly<Record<string, string>>): Place {
  if (!ulid.test(id)) throw new EnvironmentIdInvalid(id);
  const root = join(home, "environments", id);
  return {
    id,
    root,
    checkout: join(root, "checkout"),
    stateDirectory: join(root, "state"),
    processes: join(root, "processes"),
    closedProcesses: join(root, "processes.closed"),
    variables: { ...variables, FAIRLEAD_ENVIRONMENT: id },
  };
}

/** The environment's folder as the machine names it, where a link leads to it; also when it isn't there any more. */
export async function realRoot({ root }: Place): Promise<string> {
  const environments = await realpath(dirname(root)).catch(() => dirname(root));
  return join(environments, basename(root));
}

/** What tells the processes of an environment, wherever they have gone. */
export const environmentMarker = (place: Place): string => `FAIRLEAD_ENVIRONMENT=${place.id}`;

/** What tells one process of an environment and all that came of it. */
export const processMarker = (place: Place, name: string): string => `FAIRLEAD_PROCESS=${place.id}/${name}`;

/** The variables a process gets: none of those it was given can make it untraceable. */
export function variablesOf(place: Place, name: string, given: Readonly<Record<string, string>> = {}) {
  return { ...place.variables, ...given, FAIRLEAD_ENVIRONMENT: place.id, FAIRLEAD_PROCESS: `${place.id}/${name}` };
}

/** Where a process's folder is: under the first as long as the environment is open, then under the second. */
export function processFolders(place: Place, name: string): readonly [open: string, closed: string] {
  if (!/^[a-z0-9][a-z0-9-]{0,63}$/.test(name)) throw new ProcessNameInvalid(name);
  return [join(place.processes, name), join(place.closedProcesses, name)];
}

const ulid = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
