import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Place } from "./fairlead.ts";

/** A step that runs a shell script, whose first argument is the plan's variable WHO. */
export const shell = (id: string, script: string, needs: readonly string[] = [], more: object = {}) => ({
  id,
  command: "sh",
  args: ["-c", script, "sh", "${WHO}"],
  depends_on: needs,
  ...more,
});

/** Writes a plan into a file of its own; gives its path. */
export async function planFile(
  { folder }: Place,
  plan_id: string,
  steps: readonly object[],
  more: object = {},
): Promise<string> {
  const path = join(folder, `${plan_id}.json`);
  const variables = [{ name: "WHO", default: "nobody" }];
  await writeFile(path, JSON.stringify({ plan_id, version: "1", variables, steps, ...more }));
  return path;
}

/** What is printed one document to a line. */
export function documents(out: string): Record<string, unknown>[] {
  return out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}
