import { expect, test } from "vitest";
import { isServedAs, parseHost } from "../../src/domain/served-as.ts";

test.each([
  ["localhost", { name: "localhost", port: null }],
  ["LOCALHOST:80", { name: "localhost", port: 80 }],
  ["localhost.", { name: "localhost", port: null }],
  ["[::1]:4711", { name: "[::1]", port: 4711 }],
  ["[0000:0::0001]", { name: "[::1]", port: null }],
  ["[::ffff:127.0.0.1]:1", { name: "[::ffff:7f00:1]", port: 1 }],
  ["127.1", { name: "127.0.0.1", port: null }],
  ["0x7f000001:9", { name: "127.0.0.1", port: 9 }],
])("%s is a host", (text, host) => {
  expect(parseHost(text)).toEqual(host);
});

test.each([
  "",
  " ",
  ":80",
  "a:b",
  "a:99999",
  "a:1:2",
  "a b",
  "a/b",
  "a@b",
  "a\\b",
  "[::1",
  "::1",
  "[x]",
  "a,b",
  "ü",
  "%61",
  "a?",
  "a#",
  "256.1.1.1",
])("“%s” is none", (text) => {
  expect(parseHost(text)).toBeNull();
});

test("an address of IPv4 in a socket of IPv6 is the same address", () => {
  const host = parseHost("192.0.2.7:80");
  const at = (address: string) => host !== null && isServedAs(host, { address, port: 80, names: [] });
  expect(["::ffff:192.0.2.7", "192.0.2.7", "::ffff:192.0.2.8", "fe80::1%eth0"].map(at)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
