import type { Response } from "express";
import { z } from "zod";
import { findRun, needStep } from "../../actions/runs/find-run.ts";
import { type RunLogPage, readRunLog } from "../../actions/runs/read-run-log.ts";
import { attemptsAfter } from "../../store/runs/run-progress.ts";
import { eventPage, ownEventsQuery } from "../../wire/events.ts";
import { runName } from "../../wire/ids.ts";
import { attemptsQuery, runLogQuery } from "../../wire/plans/run-requests.ts";
import { attemptPage, runLogPage, viewAttempt } from "../../wire/plans/runs.ts";
import { json, jsonOrText } from "../answers.ts";
import { ownEvents } from "../events/own-events.ts";
import { type Route, route } from "../route.ts";

const params = z.object({ id: runName });

/** What there is to read of one run, besides itself and its steps. */
export const runDetailRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/api/runs/:id/attempts",
    role: "read",
    summary: "Each start of a run's steps, and how it ended",
    params,
    query: attemptsQuery,
    responses: { 200: json("A page of attempts", attemptPage) },
    async answer({ services }, { params, query }, response) {
      const { id } = await findRun(services, params.id);
      const found = await attemptsAfter(services.sql, { runId: id, after: query.after, limit: query.limit + 1 });
      const attempts = found.slice(0, query.limit);
      const last = found.length > attempts.length ? attempts.at(-1) : undefined;
      const next = last === undefined ? null : `${last.position}-${last.number}`;
      response.json({ attempts: attempts.map(viewAttempt), next });
    },
  }),
  route({
    method: "get",
    path: "/api/runs/:id/events",
    role: "read",
    summary: "What has happened to a run and its steps; to follow it, use /api/events?run=",
    params,
    query: ownEventsQuery,
    responses: { 200: json("A page of events", eventPage) },
    async answer({ services }, { params, query }, response) {
      const { id } = await findRun(services, params.id);
      response.json(await ownEvents(services.sql, { runId: id }, query));
    },
  }),
  route({
    method: "get",
    path: "/api/runs/:id/log",
    role: "read",
    summary: "What the steps of a run have written, as they wrote it",
    params,
    query: runLogQuery,
    responses: { 200: jsonOrText("A page of the log, as text where Accept prefers it", runLogPage, "text/plain") },
    async answer({ services }, { params, query }, response) {
      const run = await findRun(services, params.id);
      const { step = null, after, limit } = query;
      if (step !== null) await needStep(services, run.id, step);
      const page = await readRunLog(services, run, { step, afterSeq: after, limit, readsOn: true });
      response.vary("Accept").set("Fairlead-Last-Seq", String(page.lastSeq));
      if (response.req.accepts(["application/json", "text/plain"]) === "text/plain") sendText(response, page);
      else response.json({ entries: page.entries, last_seq: page.lastSeq });
    },
  }),
];

function sendText(response: Response, { entries }: RunLogPage): void {
  const lines = entries.flatMap((entry) => entry.lines.map(({ text }) => `${text}\n`));
  response.type("text/plain; charset=utf-8").send(lines.join(""));
}
