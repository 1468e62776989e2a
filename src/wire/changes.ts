import { z } from "zod";
import type { Blueprint } from "../domain/blueprints/blueprint.ts";
import { type Change, changeSources } from "../domain/change.ts";
import { failureKinds } from "../domain/failure.ts";
import { changeLifecycle, statusesOf } from "../domain/lifecycles.ts";
import { noticeCodes } from "../domain/notice.ts";
import { redact } from "../domain/texts/redact.ts";
import { changeId, workspaceName } from "./ids.ts";
import { statusList } from "./statuses.ts";
import { iso, isoOrNull, listLimit, someText, text, timestamp } from "./text.ts";

const statuses = statusesOf(changeLifecycle);
const status = z.enum(statuses);
const version = z.int().min(1).max(2_147_483_647);

export const idempotencyKey = someText(200).meta({
  description: "Asking again with the same key gives the same change",
});

export const changeRequest = z
  .strictObject({
    workspace: workspaceName,
    request_text: someText(10_000).meta({ example: "Add a loading spinner" }),
    target_branch: someText(250).nullable().default(null).meta({ description: "null: the workspace's default branch" }),
    agent: someText(100).nullable().default(null).meta({ description: "null: the workspace's agent" }),
    source: z.enum(changeSources).extract(["api", "web", "slack"]).default("api"),
    idempotency_key: idempotencyKey.nullable().default(null),
  })
  .meta({ id: "ChangeRequest" });

export const changeQuery = z.strictObject({
  workspace: workspaceName.optional(),
  status: statusList(statuses),
  before: changeId.optional().meta({ description: "`next` of the page before" }),
  limit: listLimit,
});

const seen = version.nullable().default(null).meta({
  description: "The version you saw: refused with MOVED_ON when the change is at another one by now",
});

/** The body of approve, reject, cancel and retry; it may be left out. */
export const word = z.strictObject({ version: seen, note: text(10_000).nullable().default(null) }).meta({ id: "Word" });

const comment = z.strictObject({
  file: someText(1000).nullable().default(null),
  line: z.int().min(1).max(10_000_000).nullable().default(null),
  text: someText(10_000),
});

export const changesWanted = z
  .strictObject({
    version: seen,
    text: text(10_000).default(""),
    comments: z.array(comment).max(200).default([]).meta({ description: "Remarks on places in the diff" }),
  })
  .refine((body) => /\S/.test(body.text) || body.comments.length > 0, "says nothing: give text, or comments")
  .meta({ id: "ChangesWanted" });

const shownCommand = z.array(z.string()).nullable();

const shownBlueprint = z.object({
  setup: shownCommand,
  start: shownCommand,
  check: shownCommand,
  port: z.int().nullable(),
  source: z.string().meta({ description: "Where each of these came from, in words" }),
});

const shownComment = z.object({ file: z.string().nullable(), line: z.int().nullable(), text: z.string() });

const shownNotice = z.object({ code: z.enum(noticeCodes), text: z.string(), at: z.string() });

export const changeView = z
  .object({
    id: z.string(),
    workspace: z.string(),
    source: z.enum(changeSources),
    requester_id: z.string().nullable(),
    requester_name: z.string().nullable(),
    request_text: z.string(),
    status,
    task: z.string().nullable().meta({ description: "What it waits for; null: a person, room, or nothing" }),
    version,
    environment_id: z.string().nullable(),
    repository_url: z.string(),
    branch_name: z.string().nullable(),
    target_branch: z.string().nullable(),
    preview_url: z.string().nullable(),
    agent: z.string(),
    session_id: z.string().nullable(),
    round: z.int(),
    base_commit: z.string().nullable(),
    head_commit: z.string().nullable(),
    merge_commit_sha: z.string().nullable(),
    summary: z.string().nullable(),
    blueprint: shownBlueprint.nullable().meta({ description: "How its app is set up, started and checked" }),
    feedback: z.object({ round: z.int(), text: z.string(), comments: z.array(shownComment) }).nullable(),
    decided_by: z.string().nullable(),
    decision_note: z.string().nullable(),
    decided_at: timestamp.nullable(),
    failure_kind: z.enum(failureKinds).nullable(),
    failure_message: z.string().nullable(),
    failed_in: status.nullable(),
    last_failure: z.object({ kind: z.enum(failureKinds), message: z.string(), in: status }).nullable(),
    cost_usd: z.number().meta({ description: "Over all rounds; the agent's own estimate" }),
    input_tokens: z.int(),
    output_tokens: z.int(),
    notices: z.array(shownNotice).meta({ description: "What a person should know besides, oldest first" }),
    idempotency_key: z.string().nullable(),
    created_at: timestamp,
    moved_at: timestamp,
    waits_until: timestamp.nullable().describe("Until its agent's usage limit resets, when it waits for that."),
    started_at: timestamp.nullable(),
    finished_at: timestamp.nullable(),
  })
  .meta({ id: "Change" });

export const requestedChange = changeView
  .extend({ deduplicated: z.boolean().meta({ description: "true: this idempotency key had been used before" }) })
  .meta({ id: "RequestedChange" });

export const changePage = z.object({
  changes: z.array(changeView).meta({ description: "Newest first" }),
  next: z.string().nullable().meta({ description: "`before` of the next page; null when this is the last" }),
});

export const diffView = z.object({
  text: z.string().meta({ description: "A unified diff" }),
  truncated: z.boolean().meta({ description: "Only its first 2 MiB" }),
});

export function viewChange(change: Change): z.infer<typeof changeView> {
  return {
    id: change.id,
    workspace: change.workspace,
    source: change.source,
    requester_id: change.requesterId,
    requester_name: change.requesterName,
    request_text: change.requestText,
    status: change.status,
    task: change.task,
    version: change.version,
    environment_id: change.environmentId,
    repository_url: redact(change.repositoryUrl),
    branch_name: change.branchName,
    target_branch: change.targetBranch,
    preview_url: change.previewUrl,
    agent: change.agent,
    session_id: change.sessionId,
    round: change.round,
    base_commit: change.baseCommit,
    head_commit: change.headCommit,
    merge_commit_sha: change.mergeCommitSha,
    summary: change.summary,
    blueprint: change.blueprint && viewBlueprint(change.blueprint),
    feedback: change.feedback && { ...change.feedback, comments: [...change.feedback.comments] },
    decided_by: change.decidedBy,
    decision_note: change.decisionNote,
    decided_at: isoOrNull(change.decidedAt),
    failure_kind: change.failureKind,
    failure_message: change.failureMessage,
    failed_in: change.failedIn,
    last_failure: change.lastFailure && lastFailureOf(change.lastFailure),
    cost_usd: change.costUsd,
    input_tokens: change.inputTokens,
    output_tokens: change.outputTokens,
    notices: [...change.notices],
    idempotency_key: change.idempotencyKey,
    created_at: iso(change.createdAt),
    moved_at: iso(change.movedAt),
    waits_until: isoOrNull(change.waitsUntil),
    started_at: isoOrNull(change.startedAt),
    finished_at: isoOrNull(change.finishedAt),
  };
}

function lastFailureOf({ kind, message, in: status }: NonNullable<Change["lastFailure"]>) {
  return { kind, message, in: status };
}

function viewBlueprint({ setup, start, check, port, source }: Blueprint): z.infer<typeof shownBlueprint> {
  return { setup: setup && [...setup], start: start && [...start], check: check && [...check], port, source };
}
