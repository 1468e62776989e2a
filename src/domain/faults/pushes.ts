import { HostNotAllowed, LfsMissing, PushIncomplete, PushRefused } from "./git.ts";

const forGood = [PushRefused, PushIncomplete, LfsMissing, HostNotAllowed];

/** Whether a push would fail in the same way again, until a person changes something on the remote or on this machine. */
export function isForGood(error: unknown): error is Error {
  return forGood.some((kind) => error instanceof kind);
}
