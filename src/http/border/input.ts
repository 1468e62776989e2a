import type { Request } from "express";
import type { z } from "zod";
import { RequestInvalid, type RequestIssue } from "../../domain/faults/http.ts";

/** The schemas of the parts of a request; a part without one is not looked at. */
export interface InputSchemas {
  readonly params: z.ZodObject | undefined;
  readonly query: z.ZodObject | undefined;
  readonly headers: z.ZodObject | undefined;
  readonly body: z.ZodType | undefined;
}

/** A request whose parts have been parsed. */
export interface Asked<Path, Query, Headers, Body> {
  readonly params: Path;
  readonly query: Query;
  readonly headers: Headers;
  readonly body: Body;
  readonly request: Request;
}

/** Throws `RequestInvalid` with everything that is wrong in any part. */
export function parseInput(schemas: InputSchemas, request: Request): Asked<unknown, unknown, unknown, unknown> {
  const issues: RequestIssue[] = [];
  const parse = (part: string, schema: z.ZodType | undefined, value: unknown): unknown => {
    const parsed = schema?.safeParse(value);
    if (parsed?.success === false) issues.push(...parsed.error.issues.map((issue) => issueOf(part, issue)));
    return parsed?.data;
  };
  const asked = {
    params: parse("path", schemas.params, request.params),
    query: parse("query", schemas.query, request.query),
    headers: parse("headers", schemas.headers, request.headers),
    // A body that was left out is an empty one: nothing in it has to be said.
    body: parse("body", schemas.body, request.body === undefined ? {} : request.body),
    request,
  };
  if (issues.length > 0) throw new RequestInvalid(issues);
  return asked;
}

function issueOf(part: string, issue: z.core.$ZodIssue): RequestIssue {
  return { path: [part, ...issue.path.map(String)].join("."), message: issue.message };
}
