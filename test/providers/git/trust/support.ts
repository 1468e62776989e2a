import type { EnvironmentId } from "../../../../src/domain/ids.ts";
import { localEnvironments } from "../../../../src/providers/environments/local.ts";
import type { Environment } from "../../../../src/providers/environments/port.ts";
import type { World } from "../support.ts";

const id = "01JCXW5Z8Q4N7T2R6V9B3K1M0P" as EnvironmentId;

/** An environment of this machine for a branch, as a change gets it. */
export async function environmentFor({ home, url }: World, branch: string): Promise<Environment> {
  const provider = localEnvironments({ home, variables: process.env });
  const request = { id, repositoryUrl: url, branch, targetBranch: "main", hosts: [] };
  return await provider.provision(request, new AbortController().signal);
}
