import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { commitAll, headCommit } from "../../../src/providers/git/checkout/checkout.ts";
import { git, makeCheckout, makeWorld, publish, write } from "./support.ts";

const branch = "change/token";
const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close();
});

/** Git over HTTP on loopback, for whoever knows the token. */
async function serve(repository: string, token: string): Promise<string> {
  const expected = `Basic ${Buffer.from(`ada:${token}`).toString("base64")}`;
  const server = createServer((request, response) => {
    if (request.headers.authorization !== expected) {
      response.writeHead(401, { "www-authenticate": "Basic" }).end();
      return;
    }
    const { pathname, search } = new URL(request.url ?? "/", "http://localhost");
    const backend = spawn("git", ["http-backend"], {
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
    backend.on("close", () => {
      const answer = Buffer.concat(parts);
      const end = answer.indexOf("\r\n\r\n");
      for (const line of answer.subarray(0, end).toString().split("\r\n")) {
        const [name = "", value = ""] = line.split(": ");
        if (name === "Status") response.statusCode = Number.parseInt(value, 10);
        else response.setHeader(name, value);
      }
      response.end(answer.subarray(end + 4));
    });
  });
  servers.push(server.listen(0, "127.0.0.1"));
  await once(server, "listening");
  return `http://ada:${token}@127.0.0.1:${(server.address() as AddressInfo).port}/${repository.slice(dirname(repository).length + 1)}`;
}

test("a token in the repository's address reaches the remote, and never the checkout that an agent works in", async () => {
  const world = await makeWorld();
  await git(world.url, "config", "http.receivepack", "true");
  const url = await serve(world.url, "t0ken");
  const place = await makeCheckout({ ...world, url }, branch);
  await write(place.checkout, { "a.txt": "changed\n" });
  await commitAll(place, { message: "Change", author: { name: "Ada", email: "ada@example.org" }, branch });
  await publish({ ...world, url }, place, branch);
  expect(await git(world.url, "rev-parse", branch)).toBe(await headCommit(place));
  expect(await readFile(join(place.checkout, ".git/config"), "utf8")).not.toContain("t0ken");
  await expect(git(place.checkout, "push", "origin", `HEAD:refs/heads/${branch}`)).rejects.toThrow();
});
