import { z } from "zod";
import { idempotencyKey } from "../changes.ts";
import { changeId, planId, runId } from "../ids.ts";
import { statusList } from "../statuses.ts";
import { listLimit, someText, text } from "../text.ts";
import { runStatuses } from "./runs.ts";

// What is asked of runs, over HTTP and on the command line.

const value = z.union([text(100_000), z.number(), z.boolean()], "is no text, number, true or false");

/** Names are only told apart from those of the plan; Postgres says which it has. */
export const runVariables = z.record(someText(200), value).refine((given) => Object.keys(given).length <= 200, {
  message: "are more than 200",
});

export const runRequest = z
  .strictObject({
    plan_id: planId,
    variables: runVariables.default({}).meta({ description: "Values of the plan's variables, by name" }),
    folder: someText(4096)
      .refine((path) => path.startsWith("/"), "is not an absolute path")
      .nullable()
      .default(null)
      .meta({ description: "Where its commands work, on the machine of the workers; null: an empty one of its own" }),
    agent: someText(100).nullable().default(null).meta({ description: "For agent steps that name none" }),
    idempotency_key: idempotencyKey.nullable().default(null),
  })
  .meta({ id: "RunRequest" });

export const runQuery = z.strictObject({
  plan: planId.optional(),
  status: statusList(runStatuses),
  change: changeId.optional(),
  before: runId.optional().meta({ description: "`next` of the page before" }),
  limit: listLimit,
});

export const runDetailQuery = z.strictObject({
  after: z.coerce.number().int().min(0).max(1_000_000).default(0).meta({
    description: "The position of the last step of the page before: its `next`",
  }),
  limit: z.coerce.number().int().min(1).max(1000).default(250),
});

const attemptCursor = z
  .string()
  .regex(/^\d{1,7}-\d{1,9}$/, "is no cursor of attempts: give back the `next` that you were given")
  .transform((cursor) => {
    const [position = 0, number = 0] = cursor.split("-").map(Number);
    return { position, number };
  });

export const attemptsQuery = z.strictObject({
  after: attemptCursor.default({ position: 0, number: 0 }).meta({ description: "`next` of the page before" }),
  limit: z.coerce.number().int().min(1).max(1000).default(250),
});

export const runLogQuery = z.strictObject({
  step: someText(64).optional().meta({ description: "Only of this step" }),
  after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0).meta({
    description: "`last_seq` of the page before",
  }),
  limit: z.coerce.number().int().min(1).max(1000).default(200),
});

const seen = z.int().min(1).max(2_147_483_647).nullable().default(null).meta({
  description: "The version you saw: refused with MOVED_ON when the run is at another one by now",
});
const note = text(10_000).nullable().default(null);

export const runCancellation = z
  .strictObject({
    note,
    at_once: z.boolean().default(false).meta({ description: "Also stop what is there for failures" }),
    version: seen,
  })
  .meta({ id: "RunCancellation" });

export const runRetry = z
  .strictObject({
    from: someText(64).nullable().default(null).meta({ description: "A step that succeeded is done anew as well" }),
    version: seen,
  })
  .meta({ id: "RunRetry" });

export const runAnswer = z
  .strictObject({
    word: someText(10_000).meta({ description: "approve, reject, one of the choices, or an answer" }),
    step: someText(64).nullable().default(null).meta({ description: "null: the only one that asks" }),
    note,
    version: seen.meta({ description: "The step's version that you saw: refused with MOVED_ON when it is another" }),
  })
  .meta({ id: "RunAnswer" });
