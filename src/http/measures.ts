import type { RequestHandler } from "express";
import { collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Services } from "../actions/services.ts";
import { countChanges, countEnvironments, countJobsWaiting } from "../store/counts.ts";
import { countActiveRuns, countActiveSteps } from "../store/runs/run-progress.ts";
import { eventStreamPath } from "./events/events.ts";
import type { OpenStreams } from "./events/open-streams.ts";

/** What Prometheus may scrape. The counts are asked of Postgres at the scrape: nothing of ours has to keep them. */
export interface Measures {
  readonly contentType: string;
  scrape(): Promise<string>;
  /** Times every request but the event streams, which end when their clients do. */
  readonly time: RequestHandler;
}

export function makeMeasures({ sql }: Pick<Services, "sql">, streams: OpenStreams): Measures {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  counted(registry, "fairlead_changes", "Changes by status", "status", () => countChanges(sql));
  counted(registry, "fairlead_jobs_waiting", "Jobs that no worker has taken yet, by task", "task", () =>
    countJobsWaiting(sql),
  );
  counted(registry, "fairlead_environments", "Environments that are not terminated, by status", "status", () =>
    countEnvironments(sql),
  );
  counted(registry, "fairlead_runs", "Runs of plans that have not ended, by status", "status", () =>
    countActiveRuns(sql),
  );
  counted(registry, "fairlead_steps", "Steps of runs that are running or waiting, by status", "status", () =>
    countActiveSteps(sql),
  );
  new Gauge({
    name: "fairlead_event_streams",
    help: "Clients that follow events",
    registers: [registry],
    collect() {
      this.set(streams.count());
    },
  });
  const durations = new Histogram({
    name: "fairlead_http_request_duration_seconds",
    help: "How long requests took",
    labelNames: ["method", "route", "status"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  });
  return {
    contentType: registry.contentType,
    scrape: () => registry.metrics(),
    time(request, response, next) {
      const stop = durations.startTimer();
      response.once("close", () => {
        const route: unknown = request.route?.path;
        if (route === eventStreamPath) return;
        // By its pattern: a label for each path that somebody tries would fill the memory.
        const label = typeof route === "string" ? route : "unknown";
        stop({ method: request.method, route: label, status: response.statusCode });
      });
      next();
    },
  };
}

type Counts = Promise<readonly { readonly name: string; readonly count: number }[]>;

function counted(registry: Registry, name: string, help: string, label: string, count: () => Counts): void {
  new Gauge({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    async collect() {
      const counts = await count();
      this.reset();
      for (const row of counts) this.set({ [label]: row.name }, row.count);
    },
  });
}
