import { readdir, readFile } from "node:fs/promises";
import { Fault } from "../src/domain/fault.ts";

const folder = new URL("../src/domain/faults/", import.meta.url);

export interface CataloguedFault {
  readonly fault: Fault;
  /** The file under src/domain/faults, without its ending. */
  readonly topic: string;
  /** What stands above the class; empty where nothing does. */
  readonly comment: string;
}

/** One instance of every Fault there is, by topic and in the order of the files. */
export async function faultCatalogue(): Promise<CataloguedFault[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".ts")).sort();
  return (await Promise.all(files.map(faultsIn))).flat();
}

async function faultsIn(file: string): Promise<CataloguedFault[]> {
  const source = await readFile(new URL(file, folder), "utf8");
  const exported: Record<string, unknown> = await import(new URL(file, folder).href);
  const names = [...source.matchAll(/^export class (\w+) extends Fault\b/gm)].map(([, name = ""]) => name);
  return names.map((name) => ({
    fault: sampleOf(exported[name]),
    topic: file.replace(/\.ts$/, ""),
    comment: commentAbove(source, name),
  }));
}

/** Code, kind and message are made by constructors, which only format what they are given: so give them dots. */
function sampleOf(faultClass: unknown): Fault {
  const fault: unknown = Reflect.construct(faultClass as new () => Fault, Array(5).fill(anything));
  if (fault instanceof Fault) return fault;
  throw new Error(`${String(faultClass)} makes no Fault`);
}

/** Reads as `…` wherever it is put, and whatever is called on it or read of it is the same again. */
const anything: unknown = new Proxy(() => {}, {
  get(_target, key) {
    if (key === Symbol.iterator) return function* () {};
    if (key === Symbol.toPrimitive) return (hint: string) => (hint === "number" ? Number.NaN : "…");
    return key === "toJSON" ? () => "…" : anything;
  },
  apply: () => anything,
  ownKeys: () => [],
  getOwnPropertyDescriptor: () => undefined,
});

function commentAbove(source: string, name: string): string {
  const comment = new RegExp(`/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s*export class ${name}\\b`).exec(source)?.[1] ?? "";
  return comment.replace(/\s*\n\s*\*?\s*/g, " ").trim();
}
