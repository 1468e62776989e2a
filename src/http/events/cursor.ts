import type { EventCursor } from "../../store/events.ts";

/** Whether one event comes after another in the order of all events. */
export function isAfter(cursor: EventCursor, other: EventCursor): boolean {
  const [xid, seq] = partsOf(cursor);
  const [otherXid, otherSeq] = partsOf(other);
  return xid === otherXid ? seq > otherSeq : xid > otherXid;
}

function partsOf(cursor: EventCursor): [xid: bigint, seq: bigint] {
  const [xid = "0", seq = "0"] = cursor.split("-");
  return [BigInt(xid), BigInt(seq)];
}
