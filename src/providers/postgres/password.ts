import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createWhole } from "../files.ts";

/** The password of the cluster's only user, made up when the home is new. Safe inside a URL as it is. */
export async function passwordOf(home: string): Promise<string> {
  const path = join(home, "postgres-password");
  const stored = await readFile(path, "utf8").catch(() => null);
  if (stored !== null) return stored.trim();
  await createWhole(path, `${randomBytes(24).toString("hex")}\n`);
  // Somebody else may have been first.
  return (await readFile(path, "utf8")).trim();
}
