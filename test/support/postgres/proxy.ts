import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { readOutgoing, startConversation } from "../../crash/wire.ts";

/** Stands between clients and a Postgres, and listens in. */
export interface Proxy {
  /** The Postgres by way of this. */
  readonly url: string;
  /** The statements of each connection, in order. */
  readonly conversations: readonly string[][];
  /** What is done to the bytes that clients send; they stay as many. */
  tamper: (data: Buffer) => Buffer;
  close(): Promise<void>;
}

export async function proxyTo(databaseUrl: string): Promise<Proxy> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  const conversations: string[][] = [];
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    const statements: string[] = [];
    const conversation = startConversation();
    conversations.push(statements);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => other.destroy());
    }
    client.on("data", (data) => {
      statements.push(...readOutgoing(conversation, data).map(({ sql }) => sql));
      upstream.write(proxy.tamper(data));
    });
    upstream.on("data", (data) => client.write(data));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const proxy: Proxy = {
    url: Object.assign(new URL(databaseUrl), { port: String(port), hostname: "127.0.0.1" }).href,
    conversations,
    tamper: (data) => data,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
  return proxy;
}
