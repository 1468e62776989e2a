// As much of Postgres's protocol as it takes to tell where a statement begins and when it has been answered.

export interface Conversation {
  readonly prepared: Map<string, string>;
  /** What the server has still to answer, in order; empty for what executes nothing. */
  readonly unanswered: string[];
  hasBegun: boolean;
  bound: string;
  executed: string[];
  /** Where in the bytes of this write the statements began that wait for their Sync. */
  executedFrom: number;
  outgoing: Uint8Array;
  incoming: Uint8Array;
}

export interface Outgoing {
  readonly sql: string;
  /** Where it begins in the bytes that are being written. */
  readonly start: number;
}

export function startConversation(): Conversation {
  const nothing = new Uint8Array();
  return {
    prepared: new Map(),
    unanswered: [""], // the server says once that it is ready before anything was asked
    hasBegun: false,
    bound: "",
    executed: [],
    executedFrom: 0,
    outgoing: nothing,
    incoming: nothing,
  };
}

/** The statements that these bytes ask to be executed. */
export function readOutgoing(conversation: Conversation, data: Uint8Array): Outgoing[] {
  const carried = conversation.outgoing.length;
  const bytes = Buffer.concat([conversation.outgoing, data]);
  const found: Outgoing[] = [];
  let at = 0;
  conversation.executedFrom = 0;
  if (!conversation.hasBegun && bytes.length >= 4) {
    // The first message has no type.
    at = bytes.readUInt32BE(0);
    conversation.hasBegun = true;
  }
  while (at + 5 <= bytes.length) {
    const end = at + 1 + bytes.readUInt32BE(at + 1);
    if (end > bytes.length) break;
    const sql = readMessage(
      conversation,
      String.fromCharCode(bytes[at] ?? 0),
      bytes.subarray(at + 5, end),
      at - carried,
    );
    if (sql !== null) found.push(sql);
    at = end;
  }
  conversation.outgoing = bytes.subarray(at);
  return found;
}

function readMessage(conversation: Conversation, type: string, body: Buffer, start: number): Outgoing | null {
  const { prepared, unanswered } = conversation;
  switch (type) {
    case "P": {
      const [name = "", sql = ""] = texts(body);
      prepared.set(name, sql);
      return null;
    }
    case "B":
      conversation.bound = prepared.get(texts(body)[1] ?? "") ?? "";
      if (conversation.executed.length === 0) conversation.executedFrom = start;
      return null;
    case "E":
      conversation.executed.push(conversation.bound);
      return null;
    case "S": {
      const sql = conversation.executed.join("; ");
      conversation.executed = [];
      unanswered.push(sql);
      return sql === "" ? null : { sql, start: conversation.executedFrom };
    }
    case "Q": {
      const [sql = ""] = texts(body);
      unanswered.push(sql);
      return { sql, start };
    }
    default:
      return null;
  }
}

/** How often the server says in these bytes that it is ready for the next statement. */
export function readyTimes(conversation: Conversation, data: Uint8Array): number {
  const bytes = Buffer.concat([conversation.incoming, data]);
  let at = 0;
  let times = 0;
  while (at + 5 <= bytes.length) {
    const end = at + 1 + bytes.readUInt32BE(at + 1);
    if (end > bytes.length) break;
    if (String.fromCharCode(bytes[at] ?? 0) === "Z") times += 1;
    at = end;
  }
  conversation.incoming = bytes.subarray(at);
  return times;
}

function texts(body: Buffer): string[] {
  return body.toString("utf8").split("\0", 2);
}
