import type { Request } from "express";
import type { z } from "zod";
import { RequestInvalid, type RequestIssue } from "../../domain/faults/http.ts";
import { findUnstorable } from "../../domain/json/unstorable.ts";

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

/** A list of a hundred thousand wrong items would make an answer of megabytes. */
const mostIssues = 100;

/** Throws `RequestInvalid` with what is wrong in any part. */
export function parseInput(schemas: InputSchemas, request: Request): Asked<unknown, unknown, unknown, unknown> {
  const issues: RequestIssue[] = [];
  const parse = (part: string, schema: z.ZodType | undefined, value: unknown): unknown => {
    const parsed = schema?.safeParse(value);
    const found = parsed?.success === false ? parsed.error.issues : [];
    issues.push(
      ...found.slice(0, mostIssues).map(({ path, message }) => issueOf([part, ...path.map(String)], message)),
    );
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
  // Some bodies have parts without a schema, such as the settings of an agent.
  if (issues.length === 0 && schemas.body !== undefined) issues.push(...unstorableIn(request.body));
  if (issues.length > 0) throw new RequestInvalid(issues.slice(0, mostIssues));
  return asked;
}

function unstorableIn(body: unknown): RequestIssue[] {
  const found = findUnstorable(body, { most: mostIssues });
  return found.map(({ place, message }) => issueOf(["body", ...place.map(String)], message));
}

/** Path and message contain parts of the request, which may be long. */
function issueOf(path: readonly string[], message: string): RequestIssue {
  return { path: shortened(path.join(".")), message: shortened(message) };
}

function shortened(text: string): string {
  return (text.length > 200 ? `${text.slice(0, 200)}…` : text).toWellFormed();
}
