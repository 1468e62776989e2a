import { isUtf8 } from "node:buffer";
import express, { type RequestHandler } from "express";
import { BodyMalformed, MediaTypeUnsupported } from "../../domain/faults/http.ts";
import { findExcess } from "../../domain/json/parse-json.ts";

/** Reads a JSON body of at most so many bytes after decompression, and checks its limits before it is parsed. */
export function readJson(limitBytes: number): RequestHandler {
  return express.json({
    limit: limitBytes,
    verify(_request, _response, bytes, encoding) {
      if (encoding !== "utf-8") throw new MediaTypeUnsupported();
      if (!isUtf8(bytes)) throw new BodyMalformed("it is not UTF-8");
      const excess = findExcess(bytes.toString("latin1"));
      if (excess !== null) throw new BodyMalformed(`it ${excess.problem}`);
    },
  });
}

export const refuseOtherBodies: RequestHandler = (request, _response, next) => {
  // `false` also for an empty body without a type, as `fetch` sends it.
  const isOther = request.is("application/json") === false && request.headers["content-length"] !== "0";
  next(isOther ? new MediaTypeUnsupported() : undefined);
};
