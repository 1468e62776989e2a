import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";

const folder = new URL("../../migrations/definitions/", import.meta.url);

/** The functions, triggers and views of the kernel: unlike tables they can be replaced, so they are whenever they differ. */
export interface Definitions {
  readonly statements: string;
  /** Hex; stored with the database, to tell whether it has these. */
  readonly hash: string;
}

export async function readDefinitions(): Promise<Definitions> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sql")).sort();
  const texts = await Promise.all(names.map((name) => readFile(new URL(name, folder), "utf8")));
  const statements = texts.join("\n");
  return { statements, hash: createHash("sha256").update(statements).digest("hex") };
}
