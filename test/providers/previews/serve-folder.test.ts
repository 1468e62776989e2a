import { spawn } from "node:child_process";
import { once } from "node:events";
import { link, mkdir, mkdtemp, open, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fillPort } from "../../../src/domain/blueprints/command.ts";
import { byteRange } from "../../../src/providers/previews/byte-range.ts";
import { staticServer } from "../../../src/providers/previews/static-server.ts";
import { sendRaw } from "../../http/raw.ts";

let folder: string;
let checkout: string;
let url: string;
let docsUrl: string;
let listening: Server;
const stops: (() => void)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fairlead-serve-"));
  checkout = join(folder, ".fairlead", "checkout");
  await mkdir(join(checkout, "docs", "deep"), { recursive: true });
  await mkdir(join(checkout, "shared"));
  await mkdir(join(checkout, ".git"));
  await mkdir(join(checkout, ".well-known"));
  await mkdir(join(folder, "outside"));
  const files = {
    "index.html": "<p>home</p>",
    "about.html": "about",
    "100%.txt": "percent",
    "a b#ü.txt": "odd",
    empty: "",
    "docs/index.html": "docs",
    "docs/deep/page.html": "deep",
    "shared/style.css": "shared",
    "secret.txt": "the checkout's",
    ".env": "SECRET",
    ".git/config": "SECRET",
    ".well-known/security.txt": "well-known",
    "../../outside/secret.txt": "SECRET",
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(checkout, name), text);
  const links = {
    "to-file": "shared/style.css",
    "to-folder": "docs/deep",
    "to-link": "to-file",
    "to-absolute": join(checkout, "shared", "style.css"),
    "docs/to-checkout": "../shared/style.css",
    passwd: "/etc/passwd",
    out: "../../outside/secret.txt",
    "out-absolute": join(folder, "outside", "secret.txt"),
    "out-folder": "../../outside",
    root: "/",
    up: "..",
    chain1: "chain2",
    chain2: "out-folder/secret.txt",
    "docs/through": "../out-folder",
    config: ".git/config",
    "docs/env": "../.env",
    git: ".git",
    loop: "loop",
    broken: "nowhere",
    zero: "/dev/zero",
    tty: "/dev/tty",
    environ: "/proc/self/environ",
    memory: "/proc/self/mem",
    self: "/proc/self/cwd",
    fd: "/proc/self/fd/0",
    "to-pipe": "pipe",
  };
  for (const [name, target] of Object.entries(links)) await symlink(target, join(checkout, name));
  await link(join(checkout, "shared", "style.css"), join(checkout, "hard"));
  await execa("mkfifo", [join(checkout, "pipe")]);
  listening = createServer().listen(join(checkout, "socket"));
  await once(listening, "listening");
  url = await start(".");
  docsUrl = await start("docs");
});
afterAll(async () => {
  for (const stop of stops) stop();
  listening.close();
  await rm(folder, { recursive: true, force: true });
});

async function start(served: string): Promise<string> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  const [program, ...args] = fillPort(staticServer(served), port);
  const child = spawn(program, args, {
    cwd: checkout,
    stdio: ["ignore", "pipe", "ignore"],
    env: { PATH: process.env.PATH },
  });
  stops.push(() => child.kill());
  await once(child.stdout, "data");
  return `http://127.0.0.1:${port}`;
}

const get = (path: string, at = url) => sendRaw(at, `GET ${path} HTTP/1.1\nHost: ${new URL(at).host}`);
const bodyOf = (text: string) => text.slice(text.indexOf("\r\n\r\n") + 4);

test.each([
  ["/", "home"],
  ["/index.html?x=1", "home"],
  ["/about", "about"],
  ["/about/", "about"],
  ["/docs", "docs"],
  ["/docs/deep/page", "deep"],
  ["/100%.txt", "percent"],
  ["/100%25.txt", "percent"],
  ["/a%20b%23%C3%BC.txt", "odd"],
  ["/.well-known/security.txt", "well-known"],
  ["/to-file", "shared"],
  ["/to-link", "shared"],
  ["/to-absolute", "shared"],
  ["/to-folder/page.html", "deep"],
  ["/docs/to-checkout", "shared"],
  ["/hard", "shared"],
])("%s is served", async (path, text) => {
  const answer = await get(path);
  expect([path, answer.status]).toEqual([path, 200]);
  expect(bodyOf(answer.text)).toContain(text);
});

test.each([
  ...["/passwd", "/out", "/out-absolute", "/out-folder/secret.txt", "/root/etc/passwd", "/up/secret.txt"],
  ...["/chain1", "/chain2", "/docs/through/secret.txt", "/to-folder/../../../outside/secret.txt", "/root"],
  ...["/loop", "/broken", "/zero", "/tty", "/environ", "/memory", "/fd", "/pipe", "/to-pipe", "/socket"],
  ...["/config", "/docs/env", "/git/config", "/.git/config", "/.env", "/.ENV", "/.git", "/.git/", "/%2egit/config"],
  ...["/./.git/config", "//.git/config", "/docs/../.git/config", "/docs/%2e%2e/.git/config", "/.well-known/../.env"],
  ...[
    "/%2e%2e/%2e%2e/outside/secret.txt",
    "/..%2f..%2foutside%2fsecret.txt",
    "/%00",
    "/index.html%00",
    "/%c0%ae%c0%ae/x",
  ],
  ...["/../../index.html", "/docs/deep", "/shared", "/nowhere", `/${"x".repeat(5000)}`],
])("%s is not", async (path) => {
  const { status, text } = await get(path);
  expect([path, status]).toEqual([path, 404]);
  expect(text).not.toContain("SECRET");
});

test("a folder that is served shows nothing of the checkout beside it but what its links lead to", async () => {
  expect(bodyOf((await get("/", docsUrl)).text)).toBe("docs");
  expect(bodyOf((await get("/to-checkout", docsUrl)).text)).toBe("shared");
  for (const path of [
    "/../secret.txt",
    "/deep/../../secret.txt",
    "/%2e%2e/secret.txt",
    "/env",
    "/through/secret.txt",
  ]) {
    expect([path, (await get(path, docsUrl)).status]).toEqual([path, 404]);
  }
});

test("a folder that becomes a link out while it is looked at is never followed", { timeout: 60_000 }, async () => {
  const inside = join(checkout, "swapped");
  const [folderOf, linkOf] = [join(folder, "swap-folder"), join(folder, "swap-link")];
  await mkdir(folderOf);
  await writeFile(join(folderOf, "secret.txt"), "fine");
  await symlink(join(folder, "outside"), linkOf);
  await rename(folderOf, inside);
  let swapping = true;
  const swap = (async () => {
    while (swapping) {
      await rename(inside, folderOf);
      await rename(linkOf, inside);
      await rename(inside, linkOf);
      await rename(folderOf, inside);
    }
  })();
  const seen = new Set<string>();
  for (let round = 0; round < 100; round += 1) {
    const answers = await Promise.all(Array.from({ length: 20 }, () => get("/swapped/secret.txt")));
    for (const { status, text } of answers) seen.add(status === 200 ? bodyOf(text) : String(status));
  }
  swapping = false;
  await swap;
  expect(seen).toContain("fine");
  expect([...seen].filter((text) => !["fine", "404"].includes(text))).toEqual([]);
});

test("ranges of a huge file are served, and a file that is cut short ends the connection", async () => {
  const huge = await open(join(checkout, "huge.bin"), "w");
  await huge.truncate(8 * 1024 ** 3);
  await huge.write("end", 8 * 1024 ** 3 - 3);
  await huge.close();
  const last = await sendRaw(url, `GET /huge.bin HTTP/1.1\nHost: ${new URL(url).host}\nRange: bytes=-3`);
  expect(last.status).toBe(206);
  expect(last.text).toContain("Content-Range: bytes 8589934589-8589934591/8589934592");
  expect(bodyOf(last.text)).toBe("end");
  const beyond = await sendRaw(url, `GET /huge.bin HTTP/1.1\nHost: ${new URL(url).host}\nRange: bytes=8589934592-`);
  expect([beyond.status, beyond.text.includes("bytes */8589934592")]).toEqual([416, true]);
  const head = await sendRaw(url, `HEAD /huge.bin HTTP/1.1\nHost: ${new URL(url).host}`);
  expect(head.text).toContain("Content-Length: 8589934592");
  const cut = await fetch(`${url}/huge.bin`);
  await truncate(join(checkout, "huge.bin"), 1024 ** 2);
  await expect(cut.arrayBuffer()).rejects.toThrow();
  await rm(join(checkout, "huge.bin"));
  expect(await get("/empty")).toMatchObject({ status: 200 });
});

test.each([
  [undefined, 10, null],
  ["bytes=0-4", 10, { start: 0, end: 4 }],
  ["bytes=5-", 10, { start: 5, end: 9 }],
  ["bytes=5-99", 10, { start: 5, end: 9 }],
  ["bytes=-4", 10, { start: 6, end: 9 }],
  ["bytes=-99", 10, { start: 0, end: 9 }],
  ["bytes=-0", 10, "unsatisfiable"],
  ["bytes=10-", 10, "unsatisfiable"],
  ["bytes=0-", 0, "unsatisfiable"],
  ["bytes=-1", 0, "unsatisfiable"],
  ["bytes=99999999999999999999-", 10, "unsatisfiable"],
  ["bytes=4-2", 10, null],
  ["bytes=-", 10, null],
  ["bytes=0-1,3-4", 10, null],
  ["bytes=a-b", 10, null],
  ["items=0-1", 10, null],
  [`bytes=${"9".repeat(1000)}-`, 10, null],
] as const)("of a file of bytes the range %s is of %i bytes", (header, size, range) => {
  expect(byteRange(header, size)).toEqual(range);
});

test("requests for another host, from another origin, or that would change something are refused", async () => {
  const port = new URL(url).port;
  const asked = [
    [421, `GET / HTTP/1.1\nHost: evil.example`],
    [421, `GET / HTTP/1.1\nHost: evil.example:${port}`],
    [421, `GET / HTTP/1.1\nHost: localhost`],
    [421, `GET / HTTP/1.1\nHost: localhost:1`],
    [421, "GET / HTTP/1.0"],
    [421, `GET http://evil.example/ HTTP/1.1\nHost: evil.example`],
    [400, `GET http://evil.example/ HTTP/1.1\nHost: localhost:${port}`],
    [403, `GET / HTTP/1.1\nHost: localhost:${port}\nOrigin: http://evil.example`],
    [403, `GET / HTTP/1.1\nHost: localhost:${port}\nOrigin: http://localhost:${Number(port) + 1}`],
    [403, `GET / HTTP/1.1\nHost: localhost:${port}\nOrigin: null`],
    [405, `POST / HTTP/1.1\nHost: localhost:${port}\nContent-Length: 0`],
    [200, `GET / HTTP/1.1\nHost: localhost:${port}`],
    [200, `GET / HTTP/1.1\nHost: LOCALHOST.:${port}`],
    [200, `GET / HTTP/1.1\nHost: [::1]:${port}`],
    [200, `GET / HTTP/1.1\nHost: 127.0.0.1:${port}\nOrigin: http://127.0.0.1:${port}`],
  ] as const;
  for (const [expected, head] of asked) expect([head, (await sendRaw(url, head)).status]).toEqual([head, expected]);
});

test("a page says what it is, and that no other origin may have it", async () => {
  const { headers } = await fetch(`${url}/`);
  expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
  expect(headers.get("cache-control")).toBe("no-store");
  expect((await fetch(`${url}/hard`)).headers.get("content-type")).toBeNull();
  expect((await fetch(`${url}/shared/style.css`)).headers.get("content-type")).toBe("text/css");
});

test("a checkout that is moved goes on being served", async () => {
  const moved = join(folder, "moved");
  await rename(checkout, moved);
  expect(bodyOf((await get("/about")).text)).toBe("about");
  expect((await get("/out")).status).toBe(404);
  await rename(moved, checkout);
});
