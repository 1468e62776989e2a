import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";

const folder = new URL("../../../migrations/definitions/", import.meta.url);

/** The functions, triggers and views of the kernel: unlike tables they can be replaced, so they are whenever they differ. */
export interface Definitions {
  readonly statements: string;
  /** Hex; stored with the database, to tell whether it has these. */
  readonly hash: string;
}

export interface Queue {
  readonly schema: string;
  /** The number of the last migration of graphile-worker's that was applied to it. */
  readonly revision: number;
}

/**
 * `:"queue"` and `:'queue'` stand for the queue's schema, as in psql. The hash includes the queue's revision, because the
 * definitions also set the rights of graphile-worker's functions.
 */
export async function readDefinitions({ schema, revision }: Queue): Promise<Definitions> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sql")).sort();
  const texts = await Promise.all(names.map((name) => readFile(new URL(name, folder), "utf8")));
  const statements = texts
    .join("\n")
    .replaceAll("\r\n", "\n")
    .replaceAll(/:(["'])queue\1/g, `$1${schema}$1`);
  const hash = createHash("sha256").update(`${revision}\n${statements}`).digest("hex");
  return { statements, hash };
}
