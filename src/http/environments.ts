import { z } from "zod";
import { endEnvironment } from "../actions/environments/end-environment.ts";
import type { Services } from "../actions/services.ts";
import type { EnvironmentRow } from "../domain/environment.ts";
import { EnvironmentUnknown } from "../domain/faults/requests.ts";
import type { EnvironmentId } from "../domain/ids.ts";
import { findEnvironment, listEnvironments } from "../store/environments.ts";
import { environmentList, environmentQuery, environmentView, viewEnvironment } from "../wire/environments.ts";
import { environmentId } from "../wire/ids.ts";
import { json } from "./answers.ts";
import { type Route, route } from "./route.ts";

const params = z.object({ id: environmentId });

export const environmentRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/api/environments",
    role: "read",
    summary: "List the environments that are there, oldest first",
    query: environmentQuery,
    responses: { 200: json("The environments", environmentList) },
    async answer({ services }, { query }, response) {
      const rows = await listEnvironments(services.sql, query.workspace ?? null, query.limit);
      response.json({ environments: rows.map(viewEnvironment) });
    },
  }),
  route({
    method: "get",
    path: "/api/environments/:id",
    role: "read",
    summary: "Show an environment, also one that is gone",
    params,
    responses: { 200: json("The environment", environmentView) },
    async answer({ services }, { params }, response) {
      response.json(viewEnvironment(await known(services, params.id)));
    },
  }),
  route({
    method: "delete",
    path: "/api/environments/:id",
    role: "admin",
    summary: "End an environment that no change needs any more",
    params,
    responses: { 202: json("Its clean-up has begun; poll it until it is terminated", environmentView) },
    async answer({ services }, { params }, response) {
      await endEnvironment(services, params.id);
      response.status(202).json(viewEnvironment(await known(services, params.id)));
    },
  }),
];

async function known({ sql }: Services, id: EnvironmentId): Promise<EnvironmentRow> {
  const row = await findEnvironment(sql, id);
  if (row === null) throw new EnvironmentUnknown(id);
  return row;
}
