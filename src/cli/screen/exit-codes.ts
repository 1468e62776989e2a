import type { FaultKind } from "../../domain/fault.ts";

/** What `fairlead` exits with. Scripts rely on these numbers: add to them, never change one. */
export const exitCodes = {
  ok: 0,
  internal: 1,
  invalid: 2,
  notFound: 3,
  conflict: 4,
  unavailable: 5,
  watchedFailed: 6,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The same as a table, for the foot of `fairlead --help`. */
export const exitCodeHelp = `
Exit codes:
  0    all went well
  1    an error inside Fairlead, or a check of doctor that failed (✗; a ! is a note)
  2    wrong usage, or something given that can't be used
  3    there is no such thing
  4    it does not apply as things stand: look again, then decide
  5    something needed is not there: the database, git, the repository
  6    the change or the run that was followed failed, was rejected or was cancelled
  130  interrupted`;

const codeOfKind = {
  invalid: exitCodes.invalid,
  not_found: exitCodes.notFound,
  conflict: exitCodes.conflict,
  forbidden: exitCodes.conflict,
  unauthenticated: exitCodes.conflict,
  too_many: exitCodes.unavailable,
  unavailable: exitCodes.unavailable,
  internal: exitCodes.internal,
} as const satisfies Record<FaultKind, ExitCode>;

export function exitCodeOf(kind: FaultKind): ExitCode {
  return codeOfKind[kind];
}
