import { type Route, route } from "./route.ts";

export const metricsRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/metrics",
    role: "read",
    summary: "Counts and durations for Prometheus",
    responses: {
      200: { description: "In Prometheus' text format", content: { "text/plain": { schema: { type: "string" } } } },
    },
    async answer({ measures }, _asked, response) {
      const text = await measures.scrape();
      response.type(measures.contentType).send(text);
    },
  }),
];
