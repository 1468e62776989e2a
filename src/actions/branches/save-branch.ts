import type { Change } from "../../domain/change.ts";
import type { Environment } from "../../providers/environments/port.ts";
import type { Checkout } from "../../providers/git/calls/checkout-git.ts";
import { recorded } from "../environments/recorded.ts";
import type { Services } from "../services.ts";
import { repositoryOf } from "../workspaces/repository-of.ts";

/** Pushes the checkout's HEAD to the change's branch, and records that branch for clean-up. Returns the commit. */
export async function saveBranch(
  services: Pick<Services, "sql" | "repository">,
  change: Change,
  checkout: Checkout & Pick<Environment, "id">,
  { branch, signal }: { readonly branch: string; readonly signal?: AbortSignal },
): Promise<string> {
  const owner = { environmentId: checkout.id, changeId: change.id };
  const repository = await repositoryOf(services, change);
  return await recorded(services.sql, owner, [{ kind: "branch", name: branch }], () =>
    repository.publish(checkout, branch, signal),
  );
}
