import type { Response } from "express";
import { z } from "zod";
import { diffChange } from "../actions/changes/diff-change.ts";
import { findChange } from "../actions/changes/find-change.ts";
import { type LogPage, readLog } from "../actions/processes/read-log.ts";
import { diffView } from "../wire/changes.ts";
import { eventPage, ownEventsQuery } from "../wire/events.ts";
import { changeName } from "../wire/ids.ts";
import { logPage, logQuery } from "../wire/logs.ts";
import { json, jsonOrText } from "./answers.ts";
import { ownEvents } from "./events/own-events.ts";
import { type Route, route } from "./route.ts";

const params = z.object({ id: changeName });
/** A diff as text is for `git apply`, which can't use one that is cut. */
const textLimitBytes = 64 * 1024 * 1024;
const jsonLimitBytes = 2 * 1024 * 1024;

/** What there is to read of one change, besides itself. */
export const changeDetailRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/api/changes/:id/events",
    role: "read",
    summary: "What has happened to a change and its environments; to follow it, use /api/events?change=",
    params,
    query: ownEventsQuery,
    responses: { 200: json("A page of events", eventPage) },
    async answer({ services }, { params, query }, response) {
      const change = await findChange(services, params.id);
      response.json(await ownEvents(services.sql, { changeId: change.id }, query));
    },
  }),
  route({
    method: "get",
    path: "/api/changes/:id/log",
    role: "read",
    summary: "What the processes of a change have written: its agent, its preview, its commands",
    params,
    query: logQuery,
    responses: { 200: jsonOrText("A page of the log, as text where Accept prefers it", logPage, "text/plain") },
    async answer({ services }, { params, query }, response) {
      const change = await findChange(services, params.id);
      const page = await readLog(services, change, { afterSeq: query.after, limit: query.limit, raw: query.raw });
      response.vary("Accept").set("Fairlead-Last-Seq", String(page.lastSeq));
      if (response.req.accepts(["application/json", "text/plain"]) === "text/plain") sendText(response, page);
      else response.json({ entries: page.entries, last_seq: page.lastSeq });
    },
  }),
  route({
    method: "get",
    path: "/api/changes/:id/diff",
    role: "read",
    summary: "What a change has pushed so far, as a unified diff",
    params,
    responses: { 200: jsonOrText("The diff; as JSON where Accept prefers it", diffView, "text/x-diff") },
    async answer({ services }, { params }, response) {
      const change = await findChange(services, params.id);
      const isJson = response.req.accepts(["text/x-diff", "text/plain", "application/json"]) === "application/json";
      const limitBytes = isJson ? jsonLimitBytes : textLimitBytes;
      const { bytes, truncated } = await diffChange(services, change, { limitBytes, signal: untilClosed(response) });
      response.vary("Accept");
      if (isJson) {
        response.json({ text: new TextDecoder().decode(bytes), truncated });
      } else {
        // No charset: each line is in the encoding of its file.
        response.set({ "Fairlead-Truncated": String(truncated), "Content-Type": "text/x-diff" }).end(bytes);
      }
    },
  }),
];

/** Aborted when the client closes the connection. */
function untilClosed(response: Response): AbortSignal {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  return gone.signal;
}

function sendText(response: Response, { entries }: LogPage): void {
  const lines = entries.flatMap((entry) => entry.lines.map(({ text }) => `${text}\n`));
  response.type("text/plain; charset=utf-8").send(lines.join(""));
}
