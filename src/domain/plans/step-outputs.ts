import { storable } from "../texts/text.ts";

/**
 * Reads what a command has left in the file that `FAIRLEAD_OUTPUTS` names: a line `NAME=value` for each output, the last
 * one counts; or, for values of several lines, one JSON object of texts.
 */
export function readOutputs(
  text: string,
  declared: readonly string[],
  limit: number,
): { readonly outputs: Record<string, string> } | { readonly problem: string } {
  if (text.length > limit) return { problem: `the file of its outputs is longer than ${limit / 1024} KiB` };
  const written = text.trimStart().startsWith("{") ? fromJson(text) : fromLines(text);
  if (written === null)
    return { problem: "the file of its outputs begins with a brace, but is no JSON object of texts" };
  const missing = declared.filter((name) => written[name] === undefined);
  if (missing.length > 0) {
    const names = missing.join(", ");
    return {
      problem: `it did not write ${names}: append a line \`${missing[0]}=…\` to the file that FAIRLEAD_OUTPUTS names`,
    };
  }
  return {
    outputs: Object.fromEntries(declared.map((name) => [name, storable((written[name] ?? "").toWellFormed())])),
  };
}

function fromLines(text: string): Record<string, string | undefined> {
  const pairs = text.split(/\r?\n/).flatMap((line): [string, string][] => {
    const at = line.indexOf("=");
    return at > 0 ? [[line.slice(0, at).trim(), line.slice(at + 1)]] : [];
  });
  return Object.assign(Object.create(null), Object.fromEntries(pairs));
}

function fromJson(text: string): Record<string, string | undefined> | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const isTexts = Object.values(value).every((item) => typeof item === "string");
  return isTexts ? Object.assign(Object.create(null), value) : null;
}
