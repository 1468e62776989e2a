import { once } from "node:events";
import { createServer } from "node:net";

/** Whether an app could listen on a port here. `localhost` may be either of the two addresses, so both must be free. */
export async function portFree(port: number): Promise<boolean> {
  return (await canListen(port, "127.0.0.1")) && (await canListen(port, "::1"));
}

async function canListen(port: number, host: string): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ port, host });
    await once(server, "listening");
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    // A machine without IPv6 has nothing there that could be in the way.
    return code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT";
  } finally {
    server.close();
  }
}
