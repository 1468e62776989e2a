import { z } from "zod";
import { findRun } from "../../actions/runs/find-run.ts";
import { readRun } from "../../actions/runs/read-run.ts";
import { startRun } from "../../actions/runs/start-run.ts";
import { listRuns } from "../../store/runs/runs.ts";
import { idempotencyKey } from "../../wire/changes.ts";
import { runName } from "../../wire/ids.ts";
import { runDetailQuery, runQuery, runRequest } from "../../wire/plans/run-requests.ts";
import { runDetail, runPage, startedRun, viewRun, viewRunDetail } from "../../wire/plans/runs.ts";
import { json, location } from "../answers.ts";
import { callerOf } from "../border/authenticate.ts";
import { oneKey } from "../one-key.ts";
import { type Route, route } from "../route.ts";

export const runRoutes: readonly Route[] = [
  route({
    method: "post",
    path: "/api/runs",
    role: "admin",
    summary: "Start a run of a registered plan",
    headers: z.object({ "idempotency-key": idempotencyKey.optional() }),
    body: runRequest,
    responses: {
      200: json("This idempotency key had been used: the run that was started then", startedRun),
      202: { ...json("Started; it goes on by itself", startedRun), headers: location("The run") },
    },
    async answer({ services }, { body, headers, request }, response) {
      const { run, deduplicated } = await startRun(services, {
        plan: body.plan_id,
        variables: body.variables,
        folder: body.folder,
        agent: body.agent,
        startedBy: callerOf(request).name,
        idempotencyKey: oneKey(body.idempotency_key, headers["idempotency-key"] ?? null),
      });
      response.status(deduplicated ? 200 : 202).location(`/api/runs/${run.id}`);
      response.json({ ...viewRun(run), deduplicated });
    },
  }),
  route({
    method: "get",
    path: "/api/runs",
    role: "read",
    summary: "List runs of plans, newest first",
    query: runQuery,
    responses: { 200: json("A page of runs", runPage) },
    async answer({ services }, { query }, response) {
      const { plan, status, change, before, limit } = query;
      // One more than asked for tells whether there is another page.
      const filter = { planId: plan, statuses: status, changeId: change, before, limit: limit + 1 };
      const found = await listRuns(services.sql, filter);
      const runs = found.slice(0, limit);
      const next = found.length > limit ? (runs.at(-1)?.id ?? null) : null;
      response.json({ runs: runs.map(viewRun), next });
    },
  }),
  route({
    method: "get",
    path: "/api/runs/:id",
    role: "read",
    summary: "Show a run with its steps, a page of them",
    params: z.object({ id: runName }),
    query: runDetailQuery,
    responses: { 200: json("The run", runDetail) },
    async answer({ services }, { params, query }, response) {
      const run = await findRun(services, params.id);
      response.json(viewRunDetail(await readRun(services, run, query)));
    },
  }),
];
