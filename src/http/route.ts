import type { Request, Response } from "express";
import type { z } from "zod";
import type { ZodOpenApiResponsesObject } from "zod-openapi";
import type { Role } from "../domain/role.ts";
import type { Api } from "./api.ts";
import { type Asked, type InputSchemas, parseInput } from "./border/input.ts";

/** One method of one path: what it takes, what it answers, who may. OpenAPI is printed from it. */
export interface Route {
  readonly method: "get" | "post" | "delete";
  /** As Express has it: `/api/changes/:id`. */
  readonly path: string;
  /** The least role that may; null: anybody, without a token. */
  readonly role: Role | null;
  readonly summary: string;
  readonly input: InputSchemas;
  /** Where a body may be larger than others. */
  readonly bodyLimitBytes?: number;
  readonly responses: ZodOpenApiResponsesObject;
  readonly answer: (api: Api, request: Request, response: Response) => Promise<void>;
}

interface RouteSpec<Path, Query, Headers, Body> extends Omit<Route, "input" | "answer"> {
  readonly params?: z.ZodObject & z.ZodType<Path>;
  readonly query?: z.ZodObject & z.ZodType<Query>;
  readonly headers?: z.ZodObject & z.ZodType<Headers>;
  readonly body?: z.ZodType<Body>;
  readonly answer: (api: Api, asked: Asked<Path, Query, Headers, Body>, response: Response) => Promise<void> | void;
}

/** Declares a route. Its handler gets what was asked already parsed; where that fails it is never called. */
export function route<Path = unknown, Query = unknown, Headers = unknown, Body = unknown>(
  spec: RouteSpec<Path, Query, Headers, Body>,
): Route {
  const { params, query, headers, body, answer, ...rest } = spec;
  const input: InputSchemas = { params, query, headers, body };
  return {
    ...rest,
    input,
    async answer(api, request, response) {
      // The schemas are those that the type parameters were inferred from.
      await answer(api, parseInput(input, request) as Asked<Path, Query, Headers, Body>, response);
    },
  };
}
