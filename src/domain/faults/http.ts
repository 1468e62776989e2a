import { Fault } from "../fault.ts";

/** `path` is where in the request: `body.request_text`, `query.limit`. */
export interface RequestIssue {
  readonly path: string;
  readonly message: string;
}

export class RequestInvalid extends Fault {
  readonly code = "REQUEST_INVALID";
  readonly kind = "invalid";

  constructor(errors: readonly RequestIssue[]) {
    const said = errors.slice(0, 3).map(({ path, message }) => `${path}: ${message}`);
    const more = errors.length > said.length ? `; and ${errors.length - said.length} more, see errors` : "";
    super(`The request can't be used as it is. ${said.join("; ")}${more}.`, { errors });
  }
}

export class PathMalformed extends Fault {
  readonly code = "PATH_MALFORMED";
  readonly kind = "invalid";

  constructor() {
    super("The path can't be decoded: write a percent sign in it as %25, and other characters as UTF-8.");
  }
}

export class BodyMalformed extends Fault {
  readonly code = "BODY_MALFORMED";
  readonly kind = "invalid";

  constructor(why: string) {
    super(`The body can't be read: ${why}. Send a JSON object.`);
  }
}

export class BodyTooLarge extends Fault {
  readonly code = "BODY_TOO_LARGE";
  readonly kind = "invalid";

  constructor(limitBytes: number) {
    super(`The body is larger than ${limitBytes} bytes. Send less.`, { limitBytes });
  }
}

export class MediaTypeUnsupported extends Fault {
  readonly code = "MEDIA_TYPE_UNSUPPORTED";
  readonly kind = "invalid";

  constructor() {
    super("The body is of a type that is not understood here. Send JSON in UTF-8, as Content-Type: application/json.");
  }
}

export class RouteUnknown extends Fault {
  readonly code = "ROUTE_UNKNOWN";
  readonly kind = "not_found";

  constructor(path: string) {
    super(`There is nothing at ${path.slice(0, 200)}. /api/openapi.json lists what there is.`);
  }
}

export class MethodNotAllowed extends Fault {
  readonly code = "METHOD_NOT_ALLOWED";
  readonly kind = "invalid";

  constructor(method: string, allowed: readonly string[]) {
    super(`${method} is not understood here. Use ${allowed.join(" or ")}.`, { allowed });
  }
}

/** The Host of a request is not a name of this server, as in a DNS rebinding attack. */
export class HostNotServed extends Fault {
  readonly code = "HOST_NOT_SERVED";
  readonly kind = "forbidden";

  constructor(host: string) {
    const named = host === "" ? "a request without a Host" : `requests for ${JSON.stringify(host.slice(0, 200))}`;
    super(
      `This server does not answer ${named}. Use the address that it listens on, with its port, or name the host in ` +
        "FAIRLEAD_ALLOWED_HOSTS.",
    );
  }
}

/** A page of another origin made the request. */
export class OriginNotAllowed extends Fault {
  readonly code = "ORIGIN_NOT_ALLOWED";
  readonly kind = "forbidden";

  constructor(origin: string) {
    super(
      `A page of ${JSON.stringify(origin.slice(0, 200))} may not do this: only pages of this server's own origin may. ` +
        "Where a proxy serves it under that name, add the name to FAIRLEAD_ALLOWED_HOSTS.",
    );
  }
}

/** `wrong`: a token was given, and it is none of ours or was revoked. */
export class Unauthenticated extends Fault {
  readonly code = "UNAUTHENTICATED";
  readonly kind = "unauthenticated";

  constructor(wrong: boolean) {
    super(
      wrong
        ? "This token is not known, or was revoked. Make another with `fairlead token create`."
        : "Say who you are: Authorization: Bearer <token>. `fairlead token create` makes a token.",
    );
  }
}

export class RoleTooLow extends Fault {
  readonly code = "ROLE_TOO_LOW";
  readonly kind = "forbidden";

  constructor(held: string, needed: string) {
    super(`This token may ${held}, and this needs ${needed}. Use a token with that role.`, { role: held, needed });
  }
}

export class TooManyFailedLogins extends Fault {
  readonly code = "TOO_MANY_FAILED_LOGINS";
  readonly kind = "too_many";

  constructor(perMinute: number) {
    super(`More than ${perMinute} wrong tokens came from your address within a minute. Wait a minute, and check it.`);
  }
}

export class TooManyStreams extends Fault {
  readonly code = "TOO_MANY_STREAMS";
  readonly kind = "too_many";

  constructor(limit: number, of: "with this token" | "in all") {
    super(`${limit} event streams are open already ${of}. Close some, or try again later.`, { limit });
  }
}

export class InternalError extends Fault {
  readonly code = "INTERNAL";
  readonly kind = "internal";

  constructor(requestId: string) {
    super(`Fairlead itself failed. Its log says why, under the request ${requestId}; try again, or report it.`, {
      request: requestId,
    });
  }
}

export class PortInUse extends Fault {
  readonly code = "PORT_IN_USE";
  readonly kind = "unavailable";

  constructor(host: string, port: number) {
    super(
      `Port ${port} of ${host} is in use, maybe by another Fairlead. Stop what listens there, or set FAIRLEAD_PORT.`,
      { host, port },
    );
  }
}

export class AddressUnusable extends Fault {
  readonly code = "ADDRESS_UNUSABLE";
  readonly kind = "unavailable";

  constructor(host: string, port: number, why: string) {
    super(`Can't listen on ${host}, port ${port} (${why}). Set FAIRLEAD_HOST and FAIRLEAD_PORT to others.`, {
      host,
      port,
    });
  }
}
