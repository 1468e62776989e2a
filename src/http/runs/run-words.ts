import { z } from "zod";
import { answerRun, cancelRun, retryRun } from "../../actions/runs/decide-run.ts";
import { findRun } from "../../actions/runs/find-run.ts";
import { runName } from "../../wire/ids.ts";
import { runAnswer, runCancellation, runRetry } from "../../wire/plans/run-requests.ts";
import { runView, stepView, viewRun, viewStep } from "../../wire/plans/runs.ts";
import { problem } from "../../wire/problem.ts";
import { json } from "../answers.ts";
import { callerOf } from "../border/authenticate.ts";
import { type Route, route } from "../route.ts";

const params = z.object({ id: runName });

const refused = {
  409: {
    description: "It does not apply to the run as it stands, or the run has moved on from the version seen",
    content: { "application/problem+json": { schema: problem } },
  },
};
const responses = { 200: json("The run as it then stands", runView), ...refused };

/** What a person says of a run. Who they are is the name of their token. */
export const runWordRoutes: readonly Route[] = [
  route({
    method: "post",
    path: "/api/runs/:id/cancel",
    role: "review",
    summary: "Cancel a run: what runs is stopped, and what is there for failures still runs",
    params,
    body: runCancellation,
    responses,
    async answer({ services }, { params, body, request }, response) {
      const { id } = await findRun(services, params.id);
      const word = { id, by: callerOf(request).name, note: body.note, seenVersion: body.version };
      response.json(viewRun(await cancelRun(services, word, body.at_once)));
    },
  }),
  route({
    method: "post",
    path: "/api/runs/:id/retry",
    role: "review",
    summary: "Begin a run that has ended once more: what succeeded stays",
    params,
    body: runRetry,
    responses,
    async answer({ services }, { params, body, request }, response) {
      const { id } = await findRun(services, params.id);
      const word = { id, by: callerOf(request).name, note: null, seenVersion: body.version };
      response.json(viewRun(await retryRun(services, word, body.from)));
    },
  }),
  route({
    method: "post",
    path: "/api/runs/:id/answer",
    role: "review",
    summary: "Answer a step that waits for a person",
    params,
    body: runAnswer,
    responses: { 200: json("The step as it then stands", stepView), ...refused },
    async answer({ services }, { params, body, request }, response) {
      const { id } = await findRun(services, params.id);
      const { version: seenVersion, ...said } = body;
      const answered = await answerRun(services, { ...said, runId: id, by: callerOf(request).name, seenVersion });
      response.json(viewStep(answered));
    },
  }),
];
