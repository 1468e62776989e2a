import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Express } from "express";
import { AddressUnusable, PortInUse } from "../domain/faults/http.ts";

export interface Listening {
  /** Where it is reached from this machine. */
  readonly url: string;
  /** Takes no more requests, ends the event streams, and gives the requests under way 1.5 s. */
  close(): Promise<void>;
}

const closeMs = 1500;
/** How long a client may take to send the headers, and the whole request; the answer is not limited by these. */
const headMs = 20_000;
const requestMs = 120_000;
/** The workers of this process need file descriptors as well. */
const mostConnections = 2000;

/** Port 0 takes a free one. Throws `PortInUse` or `AddressUnusable`. */
export async function listen(app: Express, { host, port }: { host: string; port: number }): Promise<Listening> {
  const server = createServer({ headersTimeout: headMs, requestTimeout: requestMs }, app);
  server.maxConnections = mostConnections;
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw code === "EADDRINUSE" ? new PortInUse(host, port) : new AddressUnusable(host, port, code);
  }
  return {
    url: urlOf(server.address() as AddressInfo),
    async close() {
      const closed = once(server, "close");
      server.close();
      app.emit("closing");
      const late = setTimeout(() => server.closeAllConnections(), closeMs);
      await closed;
      clearTimeout(late);
    },
  };
}

function urlOf({ address, family, port }: AddressInfo): string {
  if (address === "0.0.0.0" || address === "::") return `http://localhost:${port}`;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}
