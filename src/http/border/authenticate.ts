import type { Request, RequestHandler } from "express";
import { rateLimit } from "express-rate-limit";
import { recogniseToken } from "../../actions/manage-tokens.ts";
import type { Services } from "../../actions/services.ts";
import { RoleTooLow, TooManyFailedLogins, Unauthenticated } from "../../domain/faults/http.ts";
import { mayActAs, type Role } from "../../domain/role.ts";
import type { Token } from "../../domain/token.ts";
import { tokenParts } from "../../wire/tokens.ts";

/** Makes the handler that lets only callers with this role or a higher one pass. */
export type Guard = (role: Role) => RequestHandler;

const failuresPerMinute = 20;
const callers = new WeakMap<Request, Token>();

export function makeGuard({ sql }: Pick<Services, "sql">): Guard {
  const countFailure = failureCounter();
  return (role) => async (request, response, next) => {
    const token = bearerToken(request);
    const parts = token === null ? null : tokenParts(token);
    const caller = parts === null ? null : await recogniseToken({ sql }, parts);
    if (caller === null) {
      // A closed socket has no address to count failures by, and no client to answer.
      if (request.socket.destroyed) return;
      // Only wrong tokens count, and a right one always passes: mistakes from the same address lock nobody out.
      if (token === null) next(new Unauthenticated(false));
      else await countFailure(request, response, (error) => next(error ?? new Unauthenticated(true)));
      return;
    }
    callers.set(request, caller);
    next(mayActAs(caller.role, role) ? undefined : new RoleTooLow(caller.role, role));
  };
}

/** Whose token it is, behind a guard. */
export function callerOf(request: Request): Token {
  const caller = callers.get(request);
  if (caller === undefined) throw new Error("callerOf was asked of a route without a guard");
  return caller;
}

function bearerToken(request: Request): string | null {
  return /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? "")?.[1] ?? null;
}

function failureCounter(): RequestHandler {
  return rateLimit({
    windowMs: 60_000,
    limit: failuresPerMinute,
    standardHeaders: false,
    legacyHeaders: false,
    // We believe the socket's address and no header, and need not be warned of those that come.
    validate: { xForwardedForHeader: false, forwardedHeader: false },
    handler: (_request, response, next) => {
      response.set("Retry-After", "60");
      next(new TooManyFailedLogins(failuresPerMinute));
    },
  });
}
