import { eventStreamHeaders, eventStreamQuery } from "../../wire/events.ts";
import { callerOf } from "../border/authenticate.ts";
import { type Route, route } from "../route.ts";
import { streamEvents } from "./event-stream.ts";

export const eventStreamPath = "/api/events";

export const eventRoutes: readonly Route[] = [
  route({
    method: "get",
    path: eventStreamPath,
    role: "read",
    summary: "Follow what happens, as server-sent events; resumable with Last-Event-ID, none lost, none twice",
    query: eventStreamQuery,
    headers: eventStreamHeaders,
    responses: {
      200: {
        description: "One message for each event: its `id` is the event's cursor, its `data` an Event as JSON",
        content: { "text/event-stream": { schema: { type: "string" } } },
      },
    },
    async answer({ services, feed, streams }, { query, headers, request }, response) {
      if (request.method === "HEAD") {
        response.type("text/event-stream").end();
        return;
      }
      const { id: token } = callerOf(request);
      await streamEvents(services, feed, response, {
        after: headers["last-event-id"] ?? query.after ?? null,
        wanted: { workspace: query.workspace, changeId: query.change, runId: query.run },
        open: (beat) => streams.open(request, response, { token, beat }),
      });
    },
  }),
];
