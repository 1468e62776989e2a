import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

/** A password as Postgres stores it (RFC 5803), so that a statement which contains it can be logged. */
export function verifierOf(password: string, salt: Buffer = randomBytes(16), iterations = 4096): string {
  const salted = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  const keyed = (text: string) => createHmac("sha256", salted).update(text).digest();
  const storedKey = createHash("sha256").update(keyed("Client Key")).digest("base64");
  const serverKey = keyed("Server Key").toString("base64");
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${storedKey}:${serverKey}`;
}

/** Whether a stored verifier is this password's. */
export function isVerifierOf(password: string, verifier: string | null): boolean {
  const [, iterations, salt] = /^SCRAM-SHA-256\$(\d+):([^$]+)\$/.exec(verifier ?? "") ?? [];
  return salt !== undefined && verifierOf(password, Buffer.from(salt, "base64"), Number(iterations)) === verifier;
}
