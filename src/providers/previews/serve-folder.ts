/** A program: `serve-folder.ts <folder> <port>`. Serves files of the checkout that it is started in, on loopback, uncached. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { lookup } from "mrmime";
import { isOwnOrigin, isServedAs, parseHost } from "../../domain/served-as.ts";
import { byteRange } from "./byte-range.ts";
import { isHidden } from "./hidden-path.ts";
import { openServed, type Served } from "./open-served.ts";

const [folder = ".", port = "0"] = process.argv.slice(2);

const server = createServer((request, response) => {
  answer(request, response).catch(() => response.destroy());
});

// A port that is taken ends the program with an error, which is better than an app somewhere else.
server.listen(Number(port), "127.0.0.1", () => console.log(`serving ${folder} at http://127.0.0.1:${port}/`));

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const refusal = refusalOf(request);
  if (refusal !== null) return refuse(response, ...refusal);
  const [path = "/"] = (request.url ?? "/").split(/[?#]/, 1);
  // A page that is not there is a 404: falling back to index.html would make every broken link look whole.
  const served = isHidden(path) ? null : await openServed(folder, decoded(path));
  if (served === null) return refuse(response, 404, "There is no such page.");
  try {
    await send(request, response, served);
  } finally {
    await served.file.close().catch(() => {}); // its stream has closed it already
  }
}

/** Refuses requests for other hosts (DNS rebinding), and those of pages of other origins. */
function refusalOf({ method, url, headers, headersDistinct, socket }: IncomingMessage): [number, string] | null {
  const [name = "", ...others] = headersDistinct.host ?? [];
  const host = others.length > 0 ? null : parseHost(name);
  const at = { address: socket.localAddress ?? "", port: socket.localPort ?? 0, names: [] };
  if (host === null || !isServedAs(host, at)) return [421, `Ask for localhost:${at.port}.`];
  if (headers.origin !== undefined && !isOwnOrigin(headers.origin, host, []))
    return [403, "Ask from a page of this app."];
  if (method !== "GET" && method !== "HEAD") return [405, "There are only files here: GET them."];
  return url?.startsWith("/") === true ? null : [400, "Ask for a path."];
}

function refuse(response: ServerResponse, status: number, words: string): void {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" }).end(`${words}\n`);
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path; // of a file that has a percent sign in its name
  }
}

async function send(request: IncomingMessage, response: ServerResponse, served: Served): Promise<void> {
  const { file, size } = served;
  const range = byteRange(request.headers.range, size);
  if (range === "unsatisfiable") {
    response.setHeader("Content-Range", `bytes */${size}`);
    return refuse(response, 416, "The file has no such bytes.");
  }
  const { start, end } = range ?? { start: 0, end: size - 1 };
  const length = end - start + 1;
  response.writeHead(range === null ? 200 : 206, {
    ...headersOf(served),
    "Content-Length": length,
    ...(range !== null && { "Content-Range": `bytes ${start}-${end}/${size}` }),
  });
  if (request.method === "HEAD" || length === 0) {
    response.end();
    return;
  }
  const bytes = file.createReadStream({ start, end });
  await pipeline(bytes, response, { end: false });
  // The file became shorter meanwhile: closing the connection is the only way to tell the client.
  if (bytes.bytesRead < length) response.destroy();
  else response.end();
}

function headersOf({ name, changedAt }: Served): Record<string, string> {
  const type = lookup(name);
  return {
    ...(type !== undefined && { "Content-Type": type === "text/html" ? "text/html; charset=utf-8" : type }),
    "Last-Modified": changedAt.toUTCString(),
    "Cache-Control": "no-store",
    "Accept-Ranges": "bytes",
    // Pages of other origins, such as other changes' previews on other ports, can't embed it as a script or an image.
    "Cross-Origin-Resource-Policy": "same-origin",
  };
}
