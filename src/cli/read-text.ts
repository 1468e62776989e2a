import { createReadStream } from "node:fs";
import { FileUnreadable } from "../domain/faults/cli.ts";

/** A file's text, or that of standard input for `-`. Of one that is too long not all is read. Throws `FileUnreadable`. */
export async function readText(file: string, limitBytes: number): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    const input: AsyncIterable<Buffer> = file === "-" ? process.stdin : createReadStream(file);
    for await (const part of input) {
      parts.push(part);
      bytes += part.length;
      if (bytes > limitBytes) break;
    }
  } catch (error) {
    throw new FileUnreadable(named(file), reason(error as NodeJS.ErrnoException));
  }
  try {
    // Cut in the middle of a character, it is no UTF-8 any more: that it is too long is then for others to say.
    return new TextDecoder("utf-8", { fatal: bytes <= limitBytes }).decode(Buffer.concat(parts));
  } catch {
    throw new FileUnreadable(named(file), "it is not UTF-8");
  }
}

function named(file: string): string {
  return file === "-" ? "standard input" : file;
}

function reason({ code, message }: NodeJS.ErrnoException): string {
  if (code === "ENOENT" || code === "ENOTDIR") return "there is no such file";
  if (code === "EISDIR") return "it is a folder";
  return code === "EACCES" ? "you may not read it" : message;
}
