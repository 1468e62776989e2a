import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/** The port Postgres had last, so that addresses people noted stay good; any free one if another program has it now. */
export async function choosePort(last: number): Promise<number> {
  const wanted = last > 0 && last < 65_536 ? last : 0;
  return (await probe(wanted)) ?? (await probe(0)) ?? 0;
}

/** Listens for a moment to learn whether a port is free; 0 lets the kernel pick. */
async function probe(port: number): Promise<number | null> {
  const server = createServer();
  try {
    server.listen({ port, host: "127.0.0.1", exclusive: true });
    await once(server, "listening");
    const address = server.address() as AddressInfo;
    return address.port;
  } catch {
    return null;
  } finally {
    server.close();
  }
}
