import { z } from "zod";
import { createToken, revokeToken } from "../actions/manage-tokens.ts";
import { listTokens } from "../store/tokens.ts";
import { tokenId } from "../wire/ids.ts";
import { createdToken, newToken, tokenList, viewToken } from "../wire/tokens.ts";
import { json } from "./answers.ts";
import { type Route, route } from "./route.ts";

export const tokenRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/api/tokens",
    role: "admin",
    summary: "List tokens, newest first, revoked ones too",
    responses: { 200: json("At most the newest 1000", tokenList) },
    async answer({ services }, _asked, response) {
      response.json({ tokens: (await listTokens(services.sql, 1000)).map(viewToken) });
    },
  }),
  route({
    method: "post",
    path: "/api/tokens",
    role: "admin",
    summary: "Make a token; it is shown in this answer and never again",
    body: newToken,
    responses: { 201: json("Made", createdToken) },
    async answer({ services }, { body }, response) {
      const { row, token } = await createToken(services, body.name, body.role);
      response.status(201).json({ ...viewToken(row), token });
    },
  }),
  route({
    method: "delete",
    path: "/api/tokens/:id",
    role: "admin",
    summary: "Revoke a token: it is refused from now on, and its event streams end",
    params: z.object({ id: tokenId }),
    responses: { 204: { description: "Revoked" } },
    async answer({ services, streams }, { params }, response) {
      await revokeToken(services, params.id);
      streams.end(params.id);
      response.status(204).end();
    },
  }),
];
