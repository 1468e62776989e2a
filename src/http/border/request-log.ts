import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "pino";
import { type HttpLogger, pinoHttp } from "pino-http";

/** One line a request: what was asked, what came of it, how long it took. No headers, so no secrets; no bodies. */
export function requestLog(log: Logger): HttpLogger {
  return pinoHttp({
    logger: log,
    genReqId: (_request, response) => {
      const id = randomUUID();
      response.setHeader("X-Request-Id", id);
      return id;
    },
    quietReqLogger: true,
    autoLogging: { ignore: ({ url }) => url === "/healthz" || url === "/readyz" || url === "/metrics" },
    wrapSerializers: false,
    serializers: {
      req: ({ id, method, url, socket }: IncomingMessage) => ({
        id,
        method,
        url: visible(url ?? ""),
        address: socket.remoteAddress,
      }),
      res: ({ statusCode }: ServerResponse) => ({ status: statusCode }),
    },
    customLogLevel: (_request, { statusCode }) => (statusCode >= 500 ? "warn" : "info"),
    customSuccessMessage: () => "request answered",
    customErrorMessage: () => "request not answered",
  });
}

/** A URL for the log: at most 1000 characters, with all but printable ASCII escaped, since a terminal could obey it. */
export function visible(url: string): string {
  const printable = url.slice(0, 1000).replace(/[^\x21-\x7e]/g, (mark) => encodeURIComponent(mark));
  return url.length > 1000 ? `${printable}…` : printable;
}
