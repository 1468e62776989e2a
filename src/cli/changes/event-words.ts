import type { Event } from "../../domain/event.ts";
import type { ChangeStatus, EnvironmentStatus } from "../../domain/lifecycles.ts";
import { runEventWords } from "../runs/run-event-words.ts";

type Kind =
  | `change.${ChangeStatus}`
  | "change.implement_done"
  | "change.limited"
  | "change.notice"
  | `environment.${EnvironmentStatus}`;
type Words = (event: Event, data: Readonly<Record<string, unknown>>) => string | null;

/** What each event means to somebody who watches a change; null for what goes without saying. */
const meanings: Readonly<Record<Kind, Words>> = {
  "change.pending": ({ fromStatus, actor }, { lost_environment }) => {
    if (fromStatus === null) return `asked for${by(actor)}`;
    return lost_environment === undefined ? "to be tried again" : `${lost_environment}: begins again from its branch`;
  },
  "change.provisioning": () => "an environment is being made",
  "change.implementing": ({ fromStatus, actor }, { branch, round }) =>
    fromStatus === "deployed" ? `sent into round ${round}${by(actor)}` : `the agent works on ${branch}`,
  "change.implement_done": (_event, { branch, head_commit }) =>
    `pushed ${short(head_commit)} to ${branch}; now its preview`,
  "change.limited": (_event, { until }) => `its agent's usage limit is reached; goes on at ${until}`,
  "change.notice": (_event, { text }) => `notice: ${text}`,
  "change.deployed": (_event, { preview_url }) =>
    preview_url === undefined
      ? "there is nothing to serve; its diff waits for a person"
      : `a preview is at ${preview_url}, and waits for a person`,
  "change.approved": ({ actor }, { note }) => `approved${by(actor)}${because(note)}`,
  "change.rejected": ({ actor }, { note }) => `rejected${by(actor)}${because(note)}`,
  "change.merging": () => "being merged",
  "change.merged": (_event, { merge_commit_sha }) => `merged as ${short(merge_commit_sha)}`,
  "change.failed": (_event, { failure_kind, failure_message }) =>
    failure_kind === "cancelled" ? `${failure_message}` : `failed: ${failure_message}`,
  "environment.provisioning": () => null,
  "environment.ready": () => null,
  "environment.failed": (_event, { note }) => `its environment has failed${because(note)}`,
  "environment.terminating": () => "cleaning up",
  "environment.terminated": () => "cleaned up",
};

/** An event as a sentence; one that is of a later version than this program goes by its kind. */
export function eventWords(event: Event): string | null {
  if (isKnown(event.kind)) return meanings[event.kind](event, event.data ?? {});
  const ofRun = runEventWords(event);
  return ofRun === undefined ? event.kind : ofRun;
}

function isKnown(kind: string): kind is Kind {
  return Object.hasOwn(meanings, kind);
}

function by(actor: string | null): string {
  return actor === null ? "" : ` by ${actor}`;
}

function because(note: unknown): string {
  return typeof note === "string" && note !== "" ? `: ${note}` : "";
}

function short(commit: unknown): string {
  return String(commit).slice(0, 12);
}
