import { connect } from "node:net";
import { deflateSync, gzipSync } from "node:zlib";
import type { Route } from "../../../src/http/route.ts";
import { bodyFor, type Known } from "./bodies.ts";
import { hostileTexts } from "./hostile.ts";
import type { Random } from "./random.ts";

/** A request as it goes out. */
export interface Fuzzed {
  readonly head: string;
  readonly body: Buffer;
}

const methods = ["GET", "HEAD", "POST", "DELETE", "PUT", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "QUERY"];

/** A request for a route, and mostly for it as it wants to be asked: else hardly any would get past the first check. */
export function requestFor(
  route: Route,
  { host, tokens, known }: { host: string; tokens: readonly string[]; known: Known },
  random: Random,
): Fuzzed {
  const method = random.chance(0.85) ? route.method.toUpperCase() : random.pick(methods);
  const path = pathFor(route, known, random) + queryFor(route, known, random);
  const target = random.chance(0.02) ? `http://${host}${path}` : path;
  const headers = [`Host: ${random.chance(0.97) ? host : headerText(random)}`, "Connection: close"];
  const token = random.chance(0.6) ? (tokens.at(-1) ?? "") : random.pick(tokens);
  if (token !== "") headers.push(`Authorization: Bearer ${token}`);
  for (const name of ["Accept", "Idempotency-Key", "Last-Event-ID", "Origin", "Range", "X-Forwarded-For", "Cookie"]) {
    if (random.chance(0.08)) headers.push(`${name}: ${headerText(random)}`);
  }
  if (random.chance(0.02)) headers.push(`X-Long: ${"x".repeat(random.pick([1_000, 9_000, 20_000]))}`);
  const hasBody = route.input.body === undefined ? random.chance(0.1) : random.chance(0.95);
  if (!hasBody) return { head: headOf(method, target, headers), body: Buffer.alloc(0) };
  return withBody(method, target, headers, bytesOf(bodyFor(route, known, random), random), random);
}

function pathFor({ path }: Route, known: Known, random: Random): string {
  if (random.chance(0.03))
    return random.pick(["/", "//", "/api", "/%", "/%ff", "/..", "/api/../metrics", "*", "x", "/\x7f"]);
  const filled = path.replaceAll(/:\w+/g, () => {
    const text = random.chance(0.7) ? random.pick(known.texts) : random.pick(hostileTexts);
    return random.chance(0.95) ? encodeURIComponent(text.toWellFormed()) : latin1(text).replaceAll(/[\s?#]/g, "_");
  });
  return random.chance(0.95) ? filled : `${filled}${random.pick(["/", "//", ";x", "%20", ".json", "/x"])}`;
}

function queryFor({ input }: Route, known: Known, random: Random): string {
  if (random.chance(0.5)) return "";
  const names = [...Object.keys(input.query?.shape ?? {}), random.pick(hostileTexts), "limit", "after"];
  const count = random.chance(0.02) ? 1_200 : random.below(4);
  const pairs = Array.from({ length: count }, () => {
    const value = random.chance(0.4) ? random.pick(known.texts) : random.pick(hostileTexts).slice(0, 300);
    return `${encodeURIComponent(random.pick(names).toWellFormed().slice(0, 20))}=${encodeURIComponent(value.toWellFormed()).slice(0, 900)}`;
  });
  return `?${pairs.join("&").slice(0, 12_000)}`;
}

function headerText(random: Random): string {
  const text = random.pick([
    ...hostileTexts,
    "*/*",
    "text/plain",
    "a/b;q=x",
    "null",
    "http://evil.example",
    "bytes=0-1",
    "localhost",
  ]);
  return latin1(text).replaceAll(/[\r\n\0]/g, " ");
}

/** Headers and targets are bytes; what is no byte is cut down to one. */
function latin1(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}

function bytesOf(text: string, random: Random): Buffer {
  if (random.chance(0.03)) return Buffer.from(text, "utf16le");
  const bytes = Buffer.from(text.toWellFormed());
  if (random.chance(0.03) && bytes.length > 0) bytes[random.below(bytes.length)] = random.below(256);
  return bytes;
}

function withBody(method: string, target: string, headers: readonly string[], bytes: Buffer, random: Random): Fuzzed {
  const type = random.chance(0.94)
    ? "application/json"
    : random.pick([
        "application/json; charset=utf-16",
        "application/json; charset=utf-7",
        "text/plain",
        "",
        'application/json;x="',
        "multipart/form-data",
      ]);
  const [encoding, packed] = random.chance(0.95)
    ? (["identity", bytes] as const)
    : random.pick([
        ["gzip", gzipSync(bytes)],
        ["deflate", deflateSync(bytes)],
        ["gzip", bytes],
        ["br", bytes],
        ["x", bytes],
      ] as const);
  const chunked = random.chance(0.05);
  const all = [...headers, `Content-Type: ${type}`, `Content-Encoding: ${encoding}`];
  if (chunked) {
    const size = packed.length.toString(16);
    const body = Buffer.concat([Buffer.from(`${size}\r\n`), packed, Buffer.from("\r\n0\r\n\r\n")]);
    return { head: headOf(method, target, [...all, "Transfer-Encoding: chunked"]), body };
  }
  const length = random.chance(0.97) ? packed.length : random.pick([0, Math.max(0, packed.length - 1)]);
  return { head: headOf(method, target, [...all, `Content-Length: ${length}`]), body: packed };
}

function headOf(method: string, target: string, headers: readonly string[]): string {
  return `${method} ${target} HTTP/1.1\r\n${headers.map((header) => `${header}\r\n`).join("")}\r\n`;
}

export interface FuzzAnswer {
  /** 0: the connection was closed without an answer. */
  readonly status: number;
  readonly text: string;
  readonly tookMs: number;
}

/** Sends it, and reads the answer to its end; of an event stream the beginning. */
export async function send(port: number, { head, body }: Fuzzed): Promise<FuzzAnswer> {
  const startedAt = performance.now();
  const socket = connect({ host: "127.0.0.1", port }).on("error", () => {});
  await new Promise((open) => socket.once("connect", open));
  socket.write(Buffer.concat([Buffer.from(head, "latin1"), body]));
  let text = "";
  socket.setEncoding("utf8").setTimeout(10_000, () => socket.destroy());
  socket.on("data", (part) => {
    text += String(part);
    if (text.includes("\r\n\r\nretry: 1000") || /\r\n\r\n\w+\r\nretry: 1000/.test(text)) socket.destroy();
  });
  await new Promise((closed) => socket.once("close", closed));
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text, tookMs: performance.now() - startedAt };
}
