import { z } from "zod";
import { findChange } from "../actions/changes/find-change.ts";
import { requestChange } from "../actions/changes/request-change.ts";
import { mayActAs } from "../domain/role.ts";
import { listChanges } from "../store/changes.ts";
import {
  changePage,
  changeQuery,
  changeRequest,
  changeView,
  idempotencyKey,
  requestedChange,
  viewChange,
} from "../wire/changes.ts";
import { changeName } from "../wire/ids.ts";
import { json, location } from "./answers.ts";
import { callerOf } from "./border/authenticate.ts";
import { oneKey } from "./one-key.ts";
import { type Route, route } from "./route.ts";

export const changeRoutes: readonly Route[] = [
  route({
    method: "post",
    path: "/api/changes",
    role: "request",
    summary: "Ask for a change in plain words",
    headers: z.object({ "idempotency-key": idempotencyKey.optional() }),
    body: changeRequest,
    responses: {
      200: json("This idempotency key had been used: the change that was asked for then", requestedChange),
      202: { ...json("Asked for; it goes on by itself", requestedChange), headers: location("The change") },
    },
    async answer({ services }, { body, headers, request }, response) {
      const caller = callerOf(request);
      const { change, deduplicated } = await requestChange(services, {
        workspace: body.workspace,
        requestText: body.request_text,
        targetBranch: body.target_branch,
        agent: body.agent,
        anyAgent: mayActAs(caller.role, "admin"),
        requesterId: caller.id,
        requesterName: caller.name,
        source: body.source,
        idempotencyKey: oneKey(body.idempotency_key, headers["idempotency-key"] ?? null),
      });
      response.status(deduplicated ? 200 : 202).location(`/api/changes/${change.id}`);
      response.json({ ...viewChange(change), deduplicated });
    },
  }),
  route({
    method: "get",
    path: "/api/changes",
    role: "read",
    summary: "List changes, newest first",
    query: changeQuery,
    responses: { 200: json("A page of changes", changePage) },
    async answer({ services }, { query }, response) {
      const { workspace, status, before, limit } = query;
      // One more than asked for tells whether there is another page.
      const found = await listChanges(services.sql, { workspace, statuses: status, before, limit: limit + 1 });
      const changes = found.slice(0, limit);
      const next = found.length > limit ? (changes.at(-1)?.id ?? null) : null;
      response.json({ changes: changes.map(viewChange), next });
    },
  }),
  route({
    method: "get",
    path: "/api/changes/:id",
    role: "read",
    summary: "Show a change",
    params: z.object({ id: changeName }),
    responses: { 200: json("The change", changeView) },
    async answer({ services }, { params }, response) {
      response.json(viewChange(await findChange(services, params.id)));
    },
  }),
];
