import type { Checkout } from "../providers/git/calls/checkout-git.ts";
import { pushBranch } from "../providers/git/checkout/checkout.ts";
import type { Owner } from "../store/resources.ts";
import type { Sql } from "../store/sql.ts";
import { recorded } from "./recorded.ts";

/** Pushes what the checkout stands at to the change's branch, which is ours to clean up from then on. */
export async function saveBranch(
  sql: Sql,
  owner: Owner,
  checkout: Checkout,
  target: { readonly branch: string; readonly url: string },
): Promise<void> {
  await recorded(sql, owner, [{ kind: "branch", name: target.branch }], () => pushBranch(checkout, target));
}
