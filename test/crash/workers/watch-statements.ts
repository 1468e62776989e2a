import { Socket } from "node:net";
import type { Reach } from "../matrix/boundaries.ts";
import { stable } from "../matrix/labels.ts";
import { readOutgoing, readyTimes, startConversation } from "../wire.ts";

/**
 * Watches every statement of every driver in this process, at the wire: before anything of it has been written, and
 * after the server has answered it and before we have seen that it did.
 */
export function watchStatements(port: number, reach: Reach): void {
  const conversations = new WeakMap<Socket, ReturnType<typeof startConversation>>();
  const conversationOf = (socket: Socket) => {
    if (socket.remotePort !== port) return null;
    const known = conversations.get(socket) ?? startConversation();
    conversations.set(socket, known);
    return known;
  };

  const write = Socket.prototype.write;
  function watchedWrite(this: Socket, ...args: unknown[]): boolean {
    const conversation = conversationOf(this);
    const [data] = args;
    if (conversation !== null && data instanceof Uint8Array) {
      const flushTo = (end: number) => () => void write.call(this, data.subarray(0, Math.max(0, end)), undefined);
      for (const { sql, start } of readOutgoing(conversation, data)) {
        reach("before", `sql ${stable(sql)}`, flushTo(start));
      }
    }
    return (write as (...given: unknown[]) => boolean).apply(this, args);
  }
  Socket.prototype.write = watchedWrite as typeof write;

  // Where the stream gets its bytes from the system: nobody has seen them before.
  const push = Socket.prototype.push;
  Socket.prototype.push = function watchedPush(this: Socket, ...args: Parameters<typeof push>) {
    const conversation = conversationOf(this);
    const [data] = args;
    if (conversation !== null && data instanceof Uint8Array) {
      for (let times = readyTimes(conversation, data); times > 0; times -= 1) {
        const sql = conversation.unanswered.shift();
        if (sql !== undefined && sql !== "") reach("after", `sql ${stable(sql)}`);
      }
    }
    return push.apply(this, args);
  };
}
