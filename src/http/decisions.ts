import { z } from "zod";
import { type Decision, decisions, requestChanges } from "../actions/changes/decide-change.ts";
import { findChange } from "../actions/changes/find-change.ts";
import type { Role } from "../domain/role.ts";
import { changesWanted, changeView, viewChange, word } from "../wire/changes.ts";
import { changeName } from "../wire/ids.ts";
import { problem } from "../wire/problem.ts";
import { json } from "./answers.ts";
import { callerOf } from "./border/authenticate.ts";
import { type Route, route } from "./route.ts";

const params = z.object({ id: changeName });

const responses = {
  200: json("The change as it then stands", changeView),
  409: {
    description: "It does not apply to the change's current status, or the change has moved on from the version seen",
    content: { "application/problem+json": { schema: problem } },
  },
};

/** What a person says of a change. Who they are is the name of their token. */
export const decisionRoutes: readonly Route[] = [
  decision("approve", "review", "Approve a deployed change: it is merged"),
  decision("reject", "review", "Reject a deployed change: its branch is deleted"),
  decision("cancel", "request", "Cancel a change that is not merged yet: its agent is stopped, its work stays pushed"),
  decision("retry", "request", "Retry a failed change: it goes on from its pushed branch"),
  route({
    method: "post",
    path: "/api/changes/:id/request-changes",
    role: "review",
    summary: "Ask for another round on a deployed change",
    params,
    body: changesWanted,
    responses,
    async answer({ services }, { params, body, request }, response) {
      const { id } = await findChange(services, params.id);
      const said = { id, by: callerOf(request).name, note: body.text, seenVersion: body.version };
      response.json(viewChange(await requestChanges(services, said, body.comments)));
    },
  }),
];

function decision(verb: Decision, role: Role, summary: string): Route {
  return route({
    method: "post",
    path: `/api/changes/:id/${verb}`,
    role,
    summary,
    params,
    body: word,
    responses,
    async answer({ services }, { params, body, request }, response) {
      const { id } = await findChange(services, params.id);
      const said = { id, by: callerOf(request).name, note: body.note, seenVersion: body.version };
      response.json(viewChange(await decisions[verb](services, said)));
    },
  });
}
