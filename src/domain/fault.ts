/** What sort of thing went wrong: it decides the HTTP status and the CLI's exit code. */
export type FaultKind =
  | "invalid"
  | "unauthenticated"
  | "forbidden"
  | "not_found"
  | "conflict"
  | "too_many"
  | "unavailable"
  | "internal";

/** An error we foresaw: a stable code, a kind, and a sentence that tells the reader what to do. */
export abstract class Fault extends Error {
  abstract readonly code: string;
  abstract readonly kind: FaultKind;
  /** Facts that go with the sentence, safe to show to whoever asked: ids, statuses, limits. Never a secret. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(message: string, details: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.details = details;
  }
}
