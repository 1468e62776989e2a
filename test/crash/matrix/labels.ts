import { createHash } from "node:crypto";

const lengthAtMost = 90;

/** A name for what is about to happen that is the same in every run: what chance or time gave is left out. */
export function stable(text: string): string {
  const calm = text
    .replace(/\s+/g, " ")
    .replace(/\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b/gi, "‹id›")
    .replace(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, "‹uuid›")
    .replace(/change\/[\w-]+/g, "‹branch›")
    .replace(/fairlead-crash-\w+/g, "‹folder›")
    .replace(/own-objects\/[0-9a-f]{2}\b/g, "own-objects/‹n›")
    .replace(/partial-\d+-\w+/g, "partial")
    .replace(/\b[0-9a-f]{64}\b|\b[0-9a-f]{40}\b|\b[0-9a-f]{16,18}\b/g, "‹hash›")
    .replace(/(?<![\w$.}›])(\/[\w.@+‹›-]+){2,}/g, "‹path›")
    .replace(/\d{2,}/g, "‹n›")
    .trim();
  if (calm.length <= lengthAtMost) return calm;
  // The rest still tells two statements apart that begin alike.
  const rest = createHash("sha256").update(calm).digest("hex").slice(0, 6);
  return `${calm.slice(0, lengthAtMost)}… ${rest}`;
}

/** A command without the settings that git gets with each call. */
export function commandLabel([program = "", ...args]: readonly string[]): string {
  const words = args.filter((word, at) => word !== "-c" && args[at - 1] !== "-c");
  return stable([program.replace(/^.*\//, ""), ...words].join(" "));
}

/** The end of a path, which says what lies there. */
export function pathLabel(path: string): string {
  return stable(path.split("/").slice(-2).join("/"));
}
