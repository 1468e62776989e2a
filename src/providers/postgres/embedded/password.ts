import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createWhole } from "../../files.ts";

/** The files of the cluster's two passwords: of the role that owns Fairlead's database, and of the one that made it. */
export const passwordFiles = { everyday: "postgres-password", admin: "postgres-admin-password" } as const;

/** A password of the cluster, generated if its file is missing. Safe in a URL without escaping. */
export async function passwordOf(home: string, file: string): Promise<string> {
  const path = join(home, file);
  const stored = await readFile(path, "utf8").catch(() => null);
  if (stored !== null) return stored.trim();
  await createWhole(path, `${randomBytes(24).toString("hex")}\n`);
  // Another process may have been first.
  return (await readFile(path, "utf8")).trim();
}
