import type { ChangeStatus } from "../domain/lifecycles.ts";

/** Whether nothing more happens to a change by itself. */
export const rests = {
  pending: false,
  provisioning: false,
  implementing: false,
  deployed: true,
  approved: false,
  merging: false,
  merged: true,
  rejected: true,
  failed: true,
} as const satisfies Record<ChangeStatus, boolean>;
