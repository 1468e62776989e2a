/** Keeps so much of a stream of bytes and no more. */
export interface Kept {
  add(bytes: Buffer): void;
  text(): string;
}

export function keepFirst(limitBytes: number): Kept {
  const chunks: Buffer[] = [];
  let size = 0;
  return {
    add(bytes) {
      if (size >= limitBytes) return;
      chunks.push(bytes.subarray(0, limitBytes - size));
      size += bytes.length;
    },
    text: () => new TextDecoder().decode(Buffer.concat(chunks), { stream: size > limitBytes }),
  };
}

export function keepLast(limitBytes: number): Kept {
  let chunks: Buffer[] = [];
  let size = 0;
  const shorten = () => {
    chunks = [Buffer.concat(chunks).subarray(-limitBytes)];
    size = Math.min(size, limitBytes);
  };
  let isCut = false;
  return {
    add(bytes) {
      chunks.push(bytes);
      size += bytes.length;
      isCut ||= size > limitBytes;
      // Copying only now and then keeps this linear.
      if (size > 4 * limitBytes) shorten();
    },
    text() {
      shorten();
      const bytes = Buffer.concat(chunks);
      return (isCut ? fromWholeCharacter(bytes) : bytes).toString("utf8");
    },
  };
}

/** Leaves out the end of a character that was cut in two: bytes 10xxxxxx continue one. */
function fromWholeCharacter(bytes: Buffer): Buffer {
  const start = bytes.subarray(0, 4).findIndex((byte) => (byte & 0xc0) !== 0x80);
  return bytes.subarray(Math.max(0, start));
}
