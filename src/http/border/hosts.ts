import type { Request, RequestHandler } from "express";
import { HostNotServed, OriginNotAllowed } from "../../domain/faults/http.ts";
import { type Host, isOwnOrigin, isServedAs, parseHost } from "../../domain/served-as.ts";

/** Answered for any Host and for none, because load balancers use their own names; they tell only whether the process is up. */
const openToAll = ["/healthz", "/readyz"];

/**
 * Refuses requests for a host that is not this server's, and requests of a page of another origin that change something or
 * follow events. `names` are those that are configured.
 */
export function refuseForeign(names: readonly Host[], streamPath: string): RequestHandler {
  return (request, _response, next) => {
    const isOpen = openToAll.includes(request.path) && isRead(request);
    if (!isOpen && !isForUs(request, names)) return next(new HostNotServed(request.headers.host ?? ""));
    const { origin } = request.headers;
    const isGuarded = !isRead(request) || request.path.startsWith(streamPath);
    if (origin !== undefined && isGuarded && !isOwnOrigin(origin, hostOf(request), names)) {
      return next(new OriginNotAllowed(origin));
    }
    next();
  };
}

function isRead({ method }: Request): boolean {
  return method === "GET" || method === "HEAD";
}

function isForUs(request: Request, names: readonly Host[]): boolean {
  const { localAddress = "", localPort = 0 } = request.socket;
  const asked = [hostOf(request), ...authorityOf(request)];
  return asked.every((host) => host !== null && isServedAs(host, { address: localAddress, port: localPort, names }));
}

/** `null` where there is none, or more than one: a proxy may have checked another one than we would. */
function hostOf({ headersDistinct: { host = [] } }: Request): Host | null {
  const [only = "", ...others] = host;
  return others.length > 0 ? null : parseHost(only);
}

/** The host in a request line such as `GET http://name/path`, which takes precedence over the header; else empty. */
function authorityOf({ originalUrl }: Request): (Host | null)[] {
  if (originalUrl.startsWith("/") || originalUrl === "*") return [];
  return [parseHost(/^https?:\/\/([^/?#]*)/i.exec(originalUrl)?.[1] ?? "")];
}
