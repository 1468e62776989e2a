import { expect, test } from "vitest";
import { parseListening } from "../../../src/providers/environments/listener-of.ts";

const line = (local: string, state: string, inode: number) =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0 100 0 0 10 0`;
const port = 0x1f90;

test.each([
  ["127.0.0.1", "0100007F:1F90", ["7"]],
  ["any IPv4 address", "00000000:1F90", ["7"]],
  ["::1", "00000000000000000000000001000000:1F90", ["7"]],
  ["any address", "00000000000000000000000000000000:1F90", ["7"]],
  ["127.0.0.1 as an IPv6 address", "0000000000000000FFFF00000100007F:1F90", ["7"]],
  ["another port", "0100007F:1F91", []],
  ["127.0.0.53, where localhost doesn't lead", "3500007F:1F90", []],
  ["an address of the network", "0501A8C0:1F90", []],
])("of a socket that listens on %s, the kernel's table tells", (_, local, inodes) => {
  expect(parseListening(`  sl  local_address rem_address   st\n${line(local, "0A", 7)}\n`, port)).toEqual(inodes);
});

test("a connection to a port is no listener there", () => {
  expect(parseListening(line("0100007F:1F90", "01", 7), port)).toEqual([]);
});
