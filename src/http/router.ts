import { type RequestHandler, Router } from "express";
import { MethodNotAllowed } from "../domain/faults/http.ts";
import type { Api } from "./api.ts";
import type { Guard } from "./border/authenticate.ts";
import { readJson, refuseOtherBodies } from "./border/body.ts";
import { bodyLimitBytes } from "./border/problem.ts";
import type { Route } from "./route.ts";

/** The router of one noun. What other methods are asked of its paths is refused with the list of those there are. */
export function routerOf(api: Api, guard: Guard, routes: readonly Route[]): Router {
  const router = Router({ caseSensitive: true });
  for (const route of routes) {
    const before: RequestHandler[] = [];
    if (route.role !== null) before.push(guard(route.role));
    // Read only for callers who may: nobody else makes us parse anything.
    if (route.input.body !== undefined)
      before.push(refuseOtherBodies, readJson(route.bodyLimitBytes ?? bodyLimitBytes));
    router[route.method](route.path, ...before, (request, response) => route.answer(api, request, response));
  }
  for (const path of new Set(routes.map((route) => route.path))) {
    router.all(path, refuseOtherMethods(routes.filter((route) => route.path === path)));
  }
  return router;
}

function refuseOtherMethods(routes: readonly Route[]): RequestHandler {
  const methods = routes.map(({ method }) => method.toUpperCase());
  const allowed = methods.includes("GET") ? ["HEAD", ...methods] : methods;
  return (request, response, next) => {
    response.set("Allow", allowed.join(", "));
    if (request.method === "OPTIONS") response.status(204).end();
    else next(new MethodNotAllowed(request.method, methods));
  };
}
