import { Fault } from "../fault.ts";

/** SQLSTATE FL001: the lifecycle has no such move. The message names the status, the hint the legal moves. */
export class MoveIllegal extends Fault {
  readonly code = "MOVE_ILLEGAL";
  readonly kind = "conflict";
}

/** SQLSTATE FL002: the word named a version that is not the current one. */
export class MovedOn extends Fault {
  readonly code = "MOVED_ON";
  readonly kind = "conflict";
}

/** SQLSTATE FL003, and whatever else was looked up by name and is not there. */
export class NotFound extends Fault {
  readonly code = "NOT_FOUND";
  readonly kind = "not_found";
}

/** SQLSTATE FL004, and the constraints that stand behind it. */
export class ArgumentInvalid extends Fault {
  readonly code = "ARGUMENT_INVALID";
  readonly kind = "invalid";
}

/** SQLSTATE FL005: somebody else has been asked. */
export class NotAllowed extends Fault {
  readonly code = "NOT_ALLOWED";
  readonly kind = "forbidden";
}

export class DatabaseUnavailable extends Fault {
  readonly code = "DATABASE_UNAVAILABLE";
  readonly kind = "unavailable";

  constructor(cause: unknown) {
    super(
      "Postgres does not answer, has no room, or was kept waiting by others. Check that it runs, that its disk is not " +
        "full, and that DATABASE_URL is right; work goes on by itself then.",
      {},
      { cause },
    );
  }
}
