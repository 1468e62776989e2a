import type { Change, Comment } from "../../domain/change.ts";
import * as store from "../../store/changes.ts";
import type { Services } from "../services.ts";

/** What a person may say of a change, and the SQL function that hears it. */
export type Word = Parameters<typeof store.approveChange>[1];

export const decisions = {
  approve: ({ sql }: Services, word: Word) => store.approveChange(sql, word),
  reject: ({ sql }: Services, word: Word) => store.rejectChange(sql, word),
  cancel: ({ sql }: Services, word: Word) => store.cancelChange(sql, word),
  retry: ({ sql }: Services, word: Word) => store.retryChange(sql, word),
} as const satisfies Record<string, (services: Services, word: Word) => Promise<Change>>;

export type Decision = keyof typeof decisions;

/** One more round: the note says what to change, the comments where. */
export function requestChanges({ sql }: Services, word: Word, comments: readonly Comment[]): Promise<Change> {
  return store.requestChanges(sql, word, comments);
}
