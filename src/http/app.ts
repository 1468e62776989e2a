import express, { type Express } from "express";
import type { Logger } from "pino";
import type { Services } from "../actions/services.ts";
import type { Host } from "../domain/served-as.ts";
import { makeGuard } from "./border/authenticate.ts";
import { securityHeaders } from "./border/headers.ts";
import { refuseForeign } from "./border/hosts.ts";
import { problemHandler, unknownRoute } from "./border/problem.ts";
import { requestLog } from "./border/request-log.ts";
import { makeEventFeed } from "./events/event-feed.ts";
import { eventStreamPath } from "./events/events.ts";
import { makeOpenStreams } from "./events/open-streams.ts";
import { makeMeasures } from "./measures.ts";
import { openApiDocument } from "./openapi.ts";
import { routerOf } from "./router.ts";
import { routesByNoun } from "./routes.ts";

export interface AppOptions {
  readonly log: Logger;
  /** Whether the process does its work, besides answering. */
  readonly ready: () => Promise<boolean>;
  /** Names that requests may ask for, besides loopback and the address that a request was sent to. */
  readonly hosts?: readonly Host[];
}

/** The HTTP API. It ends its event streams on its event `closing`, which `listen` emits. */
export function makeApp(services: Services, { log, ready, hosts = [] }: AppOptions): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("trust proxy", false);
  app.set("query parser", "simple");

  const feed = makeEventFeed(services);
  const streams = makeOpenStreams(services);
  app.addListener("closing", () => {
    streams.close();
    void feed.close();
  });
  const measures = makeMeasures(services, streams);
  const document = openApiDocument(routesByNoun.flat());
  const guard = makeGuard(services);

  app.use(streams.cutOffPipelined);
  app.use(requestLog(log), measures.time, securityHeaders, refuseForeign(hosts, eventStreamPath));
  app.use("/api", (_request, response, next) => {
    response.set("Cache-Control", "no-store");
    next();
  });
  for (const routes of routesByNoun) {
    app.use(routerOf({ services, feed, streams, measures, ready, document }, guard, routes));
  }
  app.use(unknownRoute, problemHandler(log));
  return app;
}
