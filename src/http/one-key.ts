import { RequestInvalid } from "../domain/faults/http.ts";

/** The idempotency key, which may be in the body or in the header. Throws `RequestInvalid` when they are two. */
export function oneKey(inBody: string | null, inHeader: string | null): string | null {
  if (inBody !== null && inHeader !== null && inBody !== inHeader) {
    throw new RequestInvalid([
      { path: "body.idempotency_key", message: "is not the one in the header Idempotency-Key" },
    ]);
  }
  return inBody ?? inHeader;
}
