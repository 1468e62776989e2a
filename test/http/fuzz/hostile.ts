import type { Random } from "./random.ts";

/** Texts that have broken servers. */
export const hostileTexts: readonly string[] = [
  ...[
    "",
    " ",
    "\0",
    "a\0b",
    "\ud800",
    "a\udc00",
    "😀",
    "\u202e",
    "\u0085",
    "\x1b]8;;x\x07",
    "\r\nX: y",
    "é".repeat(300),
  ],
  ...[
    "x".repeat(64),
    "x".repeat(201),
    "x".repeat(10_001),
    "\u200b",
    "\ufeff",
    "..",
    "../..",
    "/etc/passwd",
    "-x",
    "--help",
  ],
  ...["%00", "%", "%2e%2e%2f", "$(id)", "`id`", "'; select 1; --", "${PORT}", "${steps.a.outputs.b}", "{{x}}", "<b>"],
  ...[
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "null",
    "undefined",
    "true",
    "NaN",
    "Infinity",
    "[]",
    "{}",
  ],
  ...["0", "-1", "0.5", "1e3", "0x10", "1e999", "3000000000", "2147483648", "9223372036854775808", "9".repeat(40)],
  ...["0-0", "1-1", "18446744073709551616-1", "1-9223372036854775808", "1-", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "zzzz"],
];

const hostileNumbers = [
  "0",
  "-0",
  "-1",
  "0.5",
  "1e-9",
  "1e12",
  "1e308",
  "1e999",
  "-1e999",
  "2147483648",
  "9007199254740993",
  "1e21",
];

/** A value as JSON text: numbers that JSON.stringify would not write, and names that an object can't have twice. */
export function hostileJson(random: Random, depth = 0): string {
  const kind = random.below(depth > 3 ? 4 : 8);
  if (kind < 2) return JSON.stringify(random.pick(hostileTexts));
  if (kind === 2) return random.pick(hostileNumbers);
  if (kind === 3) return random.pick(["null", "true", "false", "[]", "{}"]);
  if (kind === 4) return `[${several(random, () => hostileJson(random, depth + 1))}]`;
  if (kind === 5)
    return `{${several(random, () => `${JSON.stringify(random.pick(hostileTexts))}:${hostileJson(random, depth + 1)}`)}}`;
  if (kind === 6) return nested(random.pick([20, 99, 101, 150, 199, 201, 5_000]), random.chance(0.5));
  return `[${Array.from({ length: random.pick([10, 300, 3_000]) }, () => hostileJson(random, 4)).join()}]`;
}

function several(random: Random, make: () => string): string {
  return Array.from({ length: random.below(4) }, make).join();
}

function nested(depth: number, objects: boolean): string {
  return objects ? `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}` : `${"[".repeat(depth)}${"]".repeat(depth)}`;
}
