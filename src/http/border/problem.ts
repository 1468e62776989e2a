import type { ErrorRequestHandler, Request, RequestHandler, Response } from "express";
import type { Logger } from "pino";
import { Fault, type FaultKind } from "../../domain/fault.ts";
import {
  BodyMalformed,
  BodyTooLarge,
  InternalError,
  MediaTypeUnsupported,
  PathMalformed,
  RouteUnknown,
  Unauthenticated,
} from "../../domain/faults/http.ts";
import { faultOf } from "../../store/sql.ts";
import { visible } from "./request-log.ts";

export const bodyLimitBytes = 256 * 1024;

const statusOfKind = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  too_many: 429,
  unavailable: 503,
  internal: 500,
} as const satisfies Record<FaultKind, number>;

/** Where HTTP has a better word than the one for the kind. */
const statusOfCode: Readonly<Record<string, number>> = {
  BODY_TOO_LARGE: 413,
  HOST_NOT_SERVED: 421,
  MEDIA_TYPE_UNSUPPORTED: 415,
  METHOD_NOT_ALLOWED: 405,
  REPOSITORY_UNREACHABLE: 502,
};

export function statusOf({ code, kind }: Fault): number {
  return statusOfCode[code] ?? statusOfKind[kind];
}

export const unknownRoute: RequestHandler = (request, _response, next) => next(new RouteUnknown(request.path));

/** The one place where an error becomes an answer: RFC 9457, with nothing in it that we did not foresee. */
export function problemHandler(log: Logger): ErrorRequestHandler {
  return (error, request, response, _next) => {
    const fault = foreseen(error) ?? hide(log, error, request);
    // The head is out: all that is left is to end the connection, so that nobody takes the rest for the whole.
    if (response.headersSent) response.destroy();
    else sendProblem(response, fault);
  };
}

function sendProblem(response: Response, fault: Fault): void {
  const status = statusOf(fault);
  if (fault instanceof Unauthenticated) response.set("WWW-Authenticate", 'Bearer realm="fairlead"');
  if (status === 503) response.set("Retry-After", "5");
  const words = fault.code.toLowerCase().split("_");
  const body = {
    ...factsOf(fault),
    type: `urn:problem-type:fairlead:${words.join("-")}`,
    title: words.join(" ").replace(/^./, (first) => first.toUpperCase()),
    status,
    detail: fault.message,
    code: fault.code,
  };
  response.status(status).set("Content-Type", "application/problem+json").send(JSON.stringify(body));
}

/** `status` is the HTTP status in a problem, so an entity's is called `current_status`. */
function factsOf({ details }: Fault): Record<string, unknown> {
  const named = (name: string) => (name === "status" ? "current_status" : name.replace(/[A-Z]/g, "_$&").toLowerCase());
  return Object.fromEntries(Object.entries(details).map(([name, value]) => [named(name), value]));
}

function foreseen(error: unknown): Fault | null {
  const fault = faultOf(error);
  if (fault instanceof Fault) return fault.kind === "internal" ? null : fault;
  if (error instanceof URIError) return new PathMalformed();
  return error instanceof Error && "status" in error ? bodyFault(error) : null;
}

/** The errors of express.json, by the types that body-parser documents. */
function bodyFault(error: Error & { status: unknown; type?: unknown; limit?: unknown }): Fault | null {
  switch (error.type) {
    case "entity.too.large":
      return new BodyTooLarge(Number(error.limit ?? bodyLimitBytes));
    case "entity.parse.failed":
      return new BodyMalformed(`it is not JSON (${error.message.slice(0, 200)})`);
    case "encoding.unsupported":
    case "charset.unsupported":
      return new MediaTypeUnsupported();
    case "request.aborted":
    case "request.size.invalid":
      return new BodyMalformed("it ended before its announced length");
    default:
      // What zlib says of a body that is not compressed as it claims has a status, and no type.
      return error.status === 400 ? new BodyMalformed(error.message.slice(0, 200)) : null;
  }
}

function hide(log: Logger, error: unknown, request: Request): Fault {
  log.error({ err: error, request: request.id, url: visible(request.path) }, "request failed");
  return new InternalError(String(request.id));
}
