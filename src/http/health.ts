import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { whyRefused } from "../actions/data-folder/standing.ts";
import type { Services } from "../actions/services.ts";
import { ping } from "../store/health/ping.ts";
import { json } from "./answers.ts";
import type { Api } from "./api.ts";
import { type Route, route } from "./route.ts";

const answerMs = 2000;
const readiness = z.object({
  ready: z.boolean(),
  database: z.boolean(),
  worker: z.boolean(),
  reason: z
    .string()
    .optional()
    .meta({ description: "The code of the error for which this data folder does not work, if there is one" }),
});

export const healthRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/healthz",
    role: null,
    summary: "Whether the process lives",
    responses: { 200: json("It does", z.object({ alive: z.literal(true) })) },
    answer: (_api, _asked, response) => void response.json({ alive: true }),
  }),
  route({
    method: "get",
    path: "/readyz",
    role: null,
    summary: "Whether the database answers and the process does its work",
    responses: { 200: json("Both do", readiness), 503: json("One does not", readiness) },
    async answer({ services, ready }: Api, _asked, response) {
      const [database, worker] = await Promise.all([
        trueInTime(ping(services.sql).then(() => true)),
        trueInTime(ready()),
      ]);
      const both = database && worker;
      const reason = database && !worker ? await whyNot(services) : {};
      response.status(both ? 200 : 503).json({ ready: both, database, worker, ...reason });
    },
  }),
];

/** Only the code, because this route needs no token, and the message names machines and folders. */
async function whyNot(services: Services): Promise<{ reason?: string }> {
  const looking = whyRefused(services).catch(() => null);
  const fault = await Promise.race([looking, delay(answerMs, null, { ref: false })]);
  return fault === null ? {} : { reason: fault.code };
}

/** What fails or takes too long is not ready. */
async function trueInTime(answer: Promise<boolean>): Promise<boolean> {
  return Promise.race([answer.catch(() => false), delay(answerMs, false, { ref: false })]);
}
