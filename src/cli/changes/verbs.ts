import type { Decision } from "../../actions/changes/decide-change.ts";
import type { Change } from "../../domain/change.ts";
import { type ChangeStatus, changeLifecycle, movesFrom } from "../../domain/lifecycles.ts";
import { changeWord, shortId } from "../screen/wording.ts";

/** What a person may say of a change: each is a command. */
export type Verb = Decision | "request-changes";

const verbs = {
  approve: { becomes: "approved", done: "approved" },
  reject: { becomes: "rejected", done: "rejected" },
  "request-changes": { becomes: "implementing", done: "given another round" },
  cancel: { becomes: "failed", done: "cancelled" },
  retry: { becomes: "pending", done: "retried" },
} as const satisfies Record<Verb, { becomes: ChangeStatus; done: string }>;

/** Why a word does not apply to a change as it is, and which do. */
export function cannot(verb: Verb, change: Pick<Change, "id" | "status" | "failureKind">): string {
  const { becomes, done } = verbs[verb];
  const others = verbsFor(change.status);
  const stands = `${shortId(change.id)} is ${changeWord(change)}`;
  const refused = change.status === becomes ? `${stands} already` : `${stands}: it can't be ${done}`;
  return `${refused}. ${others.length === 0 ? "That is final." : `You can: ${others.join(", ")}.`}`;
}

function verbsFor(status: ChangeStatus): string[] {
  const legal = movesFrom<ChangeStatus>(changeLifecycle, status);
  return Object.entries(verbs).flatMap(([verb, { becomes }]) => {
    // These two begin by themselves as well: they are a person's word only from where one is waited for.
    const theirs = (verb !== "request-changes" || status === "deployed") && (verb !== "retry" || status === "failed");
    return theirs && legal.includes(becomes) ? [verb] : [];
  });
}
