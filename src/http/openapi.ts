import { z } from "zod";
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from "zod-openapi";
import { programVersion } from "../store/migrations/program.ts";
import { problem } from "../wire/problem.ts";
import { json } from "./answers.ts";
import { type Route, route } from "./route.ts";

export const openApiRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/api/openapi.json",
    role: null,
    summary: "This description",
    responses: { 200: json("OpenAPI 3.1", z.looseObject({ openapi: z.string() })) },
    answer: ({ document }, _asked, response) => void response.json(document),
  }),
];

/** Describes routes in OpenAPI, from the same schemas that parse their requests. */
export function openApiDocument(routes: readonly Route[]): object {
  const paths: ZodOpenApiPathsObject = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method]: operationOf(route) };
  }
  return createDocument({
    openapi: "3.1.1",
    info: {
      title: "Fairlead",
      version: programVersion,
      description: "From a change asked for in plain words to a merged branch.",
    },
    paths,
    components: {
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "`fairlead token create` makes one." },
      },
    },
  });
}

function operationOf({ method, path, role, summary, input, responses }: Route): ZodOpenApiOperationObject {
  const { params, query, headers, body } = input;
  const words =
    path
      .replace(/^\/api\//, "")
      .replaceAll(":", "by-")
      .match(/\w+/g) ?? [];
  return {
    operationId: [method, ...words.map((word) => word.charAt(0).toUpperCase() + word.slice(1))].join(""),
    summary,
    tags: words.slice(0, 1),
    ...(role === null ? { security: [] } : { security: [{ token: [] }], description: `Needs the role ${role}.` }),
    requestParams: {
      ...(params && { path: params }),
      ...(query && { query }),
      ...(headers && { header: headers }),
    },
    ...(body && {
      requestBody: { required: !body.safeParse({}).success, content: { "application/json": { schema: body } } },
    }),
    responses: {
      ...responses,
      default: {
        description: "It did not work: `code` says what, `detail` what to do",
        content: { "application/problem+json": { schema: problem } },
      },
    },
  };
}
