import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, dirname, join } from "node:path";
import { onTestFinished } from "vitest";

export interface HttpRemote {
  /** Without credentials. */
  readonly url: string;
  /** `host:port`. */
  readonly host: string;
  /** The same address with credentials in it. */
  readonly withToken: string;
  /** The `Authorization` headers that came, in order; null for a request without one. */
  readonly logins: (string | null)[];
}

/** Git and Git LFS over HTTP on the loopback interface, for users who know the token; for all users when it is null. */
export async function gitOverHttp(repository: string, token: string | null): Promise<HttpRemote> {
  const logins: (string | null)[] = [];
  const expected = token === null ? null : `Basic ${Buffer.from(`ada:${token}`).toString("base64")}`;
  const server = createServer((request, response) => {
    logins.push(request.headers.authorization ?? null);
    if (expected !== null && request.headers.authorization !== expected) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end();
      return;
    }
    const isLfs = /\/(info\/lfs|lfs-objects)\//.test(request.url ?? "");
    const answer = isLfs ? answerLfs(repository, request, response) : answerGit(repository, request, response);
    answer.catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const path = `/${basename(repository)}`;
  return { url: `http://${host}${path}`, host, withToken: `http://ada:${token}@${host}${path}`, logins };
}

async function answerGit(repository: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, search } = new URL(request.url ?? "/", "http://localhost");
  const backend = spawn("git", ["-c", "http.receivepack=true", "http-backend"], {
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: dirname(repository),
      GIT_HTTP_EXPORT_ALL: "1",
      REMOTE_USER: "ada",
      REQUEST_METHOD: request.method,
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
    },
  });
  request.pipe(backend.stdin);
  const parts: Buffer[] = [];
  backend.stdout.on("data", (part: Buffer) => parts.push(part));
  await once(backend, "close");
  const answer = Buffer.concat(parts);
  const end = answer.indexOf("\r\n\r\n");
  for (const line of answer.subarray(0, end).toString().split("\r\n")) {
    const [name = "", value = ""] = line.split(": ");
    if (name === "Status") response.statusCode = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
  response.end(answer.subarray(end + 4));
}

/** The batch API of LFS with the basic transfer; objects lie in the bare repository, as git-lfs lays them out. */
async function answerLfs(repository: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  const body = Buffer.concat(parts);
  const oid = basename(request.url ?? "");
  const file = (name: string) => join(repository, "lfs/objects", name.slice(0, 2), name.slice(2, 4), name);
  if (request.url?.includes("/lfs-objects/")) {
    if (request.method === "GET") {
      response.end(await readFile(file(oid)));
      return;
    }
    await mkdir(dirname(file(oid)), { recursive: true });
    await writeFile(file(oid), body);
    response.end();
    return;
  }
  if (!request.url?.endsWith("/objects/batch")) {
    response.writeHead(404).end();
    return;
  }
  const { operation, objects } = JSON.parse(body.toString());
  const answers = objects.map(async (object: { oid: string; size: number }) => {
    const isThere = (await stat(file(object.oid)).catch(() => null)) !== null;
    const href = `http://${request.headers.host}/lfs-objects/${object.oid}`;
    if (operation === "download" && !isThere)
      return { ...object, error: { code: 404, message: "Object does not exist" } };
    if (operation === "upload" && isThere) return object;
    return {
      ...object,
      authenticated: true,
      actions: {
        [operation]: {
          href,
          header: request.headers.authorization ? { authorization: request.headers.authorization } : {},
        },
      },
    };
  });
  response.setHeader("content-type", "application/vnd.git-lfs+json");
  response.end(JSON.stringify({ transfer: "basic", objects: await Promise.all(answers) }));
}
