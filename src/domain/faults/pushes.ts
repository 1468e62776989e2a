import { HostNotAllowed, LfsMissing, PushIncomplete, PushRefused } from "./git.ts";

const forGood = [PushRefused, PushIncomplete, LfsMissing, HostNotAllowed];

/** Whether a push would fail the same way again, as long as people leave the remote and the machine as they are. */
export function isForGood(error: unknown): error is Error {
  return forGood.some((kind) => error instanceof kind);
}
