import { once } from "node:events";
import { connect } from "node:net";

/** Sends bytes as they are and gives the first answer to them, whole: fetch would tidy up what it sends. */
export async function sendRaw(url: string, head: string, body = ""): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname.replace(/^\[(.*)\]$/, "$1"), port: Number(port) });
  await once(socket, "connect");
  socket.write(`${head.trimEnd().replaceAll(/\r?\n/g, "\r\n")}\r\nConnection: close\r\n\r\n${body}`);
  let text = "";
  for await (const bytes of socket) text += String(bytes);
  return { status: Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1] ?? 0), text };
}
