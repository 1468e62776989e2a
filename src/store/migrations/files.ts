import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";

const folder = new URL("../../../migrations/", import.meta.url);

export interface Migration {
  readonly name: string;
  readonly text: string;
  /** SQL that some databases need before it; empty for nearly all migrations. */
  readonly before: string;
  /** SHA-256 of the text, in hex. */
  readonly checksum: string;
}

/** Migrations of 0.1.0 whose files are gone: what they created is in the definitions now. */
const former: readonly string[] = ["0002_moves", "0003_functions", "0004_workers"];

/** The numbered files of `migrations/`, in order. */
export async function readMigrations(): Promise<Migration[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".sql")).sort();
  return Promise.all(
    files.map(async (file) => {
      const text = await read(file);
      const before = await read(`before/${file}`).catch(() => "");
      const checksum = createHash("sha256").update(text).digest("hex");
      return { name: file.slice(0, -".sql".length), text, before, checksum };
    }),
  );
}

/** With line ends normalized, so that a checkout on Windows has the same checksums. */
async function read(file: string): Promise<string> {
  return (await readFile(new URL(file, folder), "utf8")).replaceAll("\r\n", "\n");
}

/** A row of fairlead.migrations. */
export interface Applied {
  readonly name: string;
  /** Missing before 0005. */
  readonly checksum?: string | null;
}

export interface Compared {
  readonly pending: readonly Migration[];
  /** Applied, and no file of this program. */
  readonly unknown: readonly string[];
  /** Applied as another text than the file has now. */
  readonly changed: readonly string[];
}

export function compareMigrations(files: readonly Migration[], applied: readonly Applied[]): Compared {
  const there = new Map(applied.map((row) => [row.name, row]));
  const names = new Set([...former, ...files.map(({ name }) => name)]);
  return {
    pending: files.filter(({ name }) => !there.has(name)),
    unknown: applied.filter(({ name }) => !names.has(name)).map(({ name }) => name),
    changed: files
      .filter(({ name, checksum }) => (there.get(name)?.checksum ?? checksum) !== checksum)
      .map(({ name }) => name),
  };
}
