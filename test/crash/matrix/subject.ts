import type { Sql } from "../../../src/store/sql.ts";
import type { Sandbox } from "../sandbox.ts";
import { type Way, ways } from "../ways.ts";
import { changeSubject } from "./change-subject.ts";
import { isRunWay, type RunWay, runSubject, runWays } from "./run-subject.ts";

/** The ways of changes, and those of runs of plans. */
export const allWays = [...ways, ...runWays] as const;
export type AnyWay = Way | RunWay;

/** What is carried down a way while its workers die. */
export interface Subject {
  /** Asks for it. */
  begin(sql: Sql, sandbox: Sandbox): Promise<void>;
  /** Stands in for the people until it is at its end; false when the signal aborted before. */
  carryOn(sql: Sql, late: AbortSignal): Promise<boolean>;
  /** All that is wrong with it, and with what it left. */
  problems(sql: Sql, sandbox: Sandbox, ports: readonly number[]): Promise<string[]>;
}

export function subjectOf(way: AnyWay): Subject {
  return isRunWay(way) ? runSubject(way) : changeSubject(way);
}
