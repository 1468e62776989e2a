import { z } from "zod";
import type { Event } from "../domain/event.ts";
import { changeId, runId, workspaceName } from "./ids.ts";
import { iso, timestamp } from "./text.ts";

const largestXid = 2n ** 64n - 1n;
const largestSeq = 2n ** 63n - 1n;

/** Where a reader of events stands; `0-0` is before everything. */
const eventCursor = z
  .string()
  .regex(/^\d{1,20}-\d{1,19}$/, "is no cursor of an event: give back one that you were given")
  .refine((cursor) => {
    const [xid = "0", seq = "0"] = cursor.split("-");
    return !/^\d+$/.test(xid + seq) || (BigInt(xid) <= largestXid && BigInt(seq) <= largestSeq);
  }, "is no cursor of an event: its numbers are too large")
  .meta({ example: "742-18" });

/** Of one change, or of one run. */
export const ownEventsQuery = z.strictObject({
  after: eventCursor.default("0-0").meta({ description: "`next` of the page before" }),
  limit: z.coerce.number().int().min(1).max(1000).default(250),
});

export const eventStreamQuery = z.strictObject({
  workspace: workspaceName.optional(),
  change: changeId.optional(),
  run: runId.optional(),
  after: eventCursor.optional().meta({
    description: "Begin after this event instead of now; the header Last-Event-ID goes before it",
  }),
});

export const eventStreamHeaders = z.object({ "last-event-id": eventCursor.optional() });

export const eventView = z
  .object({
    cursor: z.string(),
    entity: z.enum(["change", "environment", "run", "step"]),
    entity_id: z.string(),
    change_id: z.string().nullable(),
    run_id: z.string().nullable(),
    workspace: z.string().nullable(),
    kind: z.string().meta({ example: "change.deployed" }),
    from_status: z.string().nullable(),
    to_status: z.string().nullable(),
    version: z.int(),
    actor: z.string().nullable(),
    data: z.record(z.string(), z.unknown()).nullable(),
    at: timestamp,
  })
  .meta({ id: "Event" });

export const eventPage = z.object({
  events: z.array(eventView).meta({ description: "Oldest first" }),
  next: z.string().nullable().meta({ description: "`after` of the next page; null when this is the last" }),
});

export function viewEvent(event: Event): z.infer<typeof eventView> {
  return {
    cursor: event.cursor,
    entity: event.entity,
    entity_id: event.entityId,
    change_id: event.changeId,
    run_id: event.runId,
    workspace: event.workspace,
    kind: event.kind,
    from_status: event.fromStatus,
    to_status: event.toStatus,
    version: event.version,
    actor: event.actor,
    data: event.data,
    at: iso(event.at),
  };
}
