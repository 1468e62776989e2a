import { changeDetailRoutes } from "./change-details.ts";
import { changeRoutes } from "./changes.ts";
import { decisionRoutes } from "./decisions.ts";
import { environmentRoutes } from "./environments.ts";
import { eventRoutes } from "./events/events.ts";
import { healthRoutes } from "./health.ts";
import { metricsRoutes } from "./metrics.ts";
import { openApiRoutes } from "./openapi.ts";
import type { Route } from "./route.ts";
import { planRoutes } from "./runs/plans.ts";
import { runDetailRoutes } from "./runs/run-details.ts";
import { runWordRoutes } from "./runs/run-words.ts";
import { runRoutes } from "./runs/runs.ts";
import { tokenRoutes } from "./tokens.ts";
import { workspaceRoutes } from "./workspaces.ts";

/** Every route there is, by noun. */
export const routesByNoun: readonly (readonly Route[])[] = [
  changeRoutes,
  changeDetailRoutes,
  decisionRoutes,
  planRoutes,
  runRoutes,
  runDetailRoutes,
  runWordRoutes,
  workspaceRoutes,
  environmentRoutes,
  tokenRoutes,
  eventRoutes,
  healthRoutes,
  metricsRoutes,
  openApiRoutes,
];
