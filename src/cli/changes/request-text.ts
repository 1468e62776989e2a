import { RequestTextInvalid } from "../../domain/faults/cli.ts";

const limit = 10_000;
/** No text of the allowed length is larger in UTF-8. */
const limitBytes = limit * 4 + 1;

/** A request's text: the words, or standard input when they are a single `-`. Checked before anything is made. */
export async function requestText(words: readonly string[], input: AsyncIterable<Buffer>): Promise<string> {
  const text = words.length === 1 && words[0] === "-" ? await read(input) : words.join(" ");
  if (!/\S/.test(text)) throw new RequestTextInvalid("the request is empty: say in words what should change");
  if (text.includes("\0")) throw new RequestTextInvalid("the request has a NUL byte in it: give plain text");
  const length = [...text].length;
  if (length > limit) {
    throw new RequestTextInvalid(`the request has ${length} characters: at most ${limit} are allowed`, { limit });
  }
  return text;
}

async function read(input: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of input) {
    parts.push(part);
    bytes += part.length;
    if (bytes > limitBytes) {
      throw new RequestTextInvalid(`standard input has more than ${limit} characters, which is all that is allowed`);
    }
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(parts)).trimEnd();
  } catch {
    throw new RequestTextInvalid("standard input is not UTF-8 text: convert it first, for example with iconv");
  }
}
