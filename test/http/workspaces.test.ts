import { afterAll, beforeAll, expect, test } from "vitest";
import { changeIn, type Served, serve } from "./support.ts";

let served: Served;
let remote: string;
beforeAll(async () => {
  served = await serve();
  remote = await served.world.repository();
});
afterAll(() => served.close());

test("a repository that answers becomes a workspace, which is listed, shown and removed again", async () => {
  const body = {
    name: "shop",
    repository_url: remote,
    agent: "command",
    agent_settings: { argv: ["./agent"], variables: { API_KEY: "s3cret" } },
    blueprint: { start: "npm run dev", port: null },
    max_active_changes: 2,
  };
  const made = await served.ask("POST", "/api/workspaces", { body });
  expect([made.status, made.headers.get("location")]).toEqual([201, "/api/workspaces/shop"]);
  expect(made.body).toMatchObject({
    name: "shop",
    default_branch: "main",
    agent_settings: { argv: ["./agent"], variables: { API_KEY: "[hidden]" } },
    blueprint: { start: ["npm", "run", "dev"], port: null },
    max_active_changes: 2,
  });
  expect((await served.ask("GET", "/api/workspaces/shop", { as: "read" })).body).toEqual(made.body);
  expect((await served.ask("GET", "/api/workspaces")).body.workspaces).toEqual([made.body]);
  const again = await served.ask("POST", "/api/workspaces", { body });
  expect([again.status, again.body.code]).toEqual([409, "WORKSPACE_EXISTS"]);
  expect((await served.ask("DELETE", "/api/workspaces/shop")).status).toBe(204);
  expect((await served.ask("GET", "/api/workspaces/shop")).body.code).toBe("WORKSPACE_UNKNOWN");
});

test("what can't be used is refused and leaves no workspace behind", async () => {
  const workspace = { name: "bad", repository_url: remote };
  const answers = [
    await served.ask("POST", "/api/workspaces", { body: { ...workspace, repository_url: "/nowhere/at/all" } }),
    await served.ask("POST", "/api/workspaces", { body: { ...workspace, repository_url: "--upload-pack=x" } }),
    await served.ask("POST", "/api/workspaces", { body: { ...workspace, default_branch: "nope" } }),
    await served.ask("POST", "/api/workspaces", { body: { ...workspace, agent: "gremlin" } }),
    await served.ask("POST", "/api/workspaces", { body: { ...workspace, agent: "command" } }),
    await served.ask("POST", "/api/workspaces", { body: { ...workspace, blueprint: { start: "a | b" } } }),
  ];
  expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
    [502, "REPOSITORY_UNREACHABLE"],
    [400, "REPOSITORY_URL_INVALID"],
    [400, "TARGET_BRANCH_UNKNOWN"],
    [400, "AGENT_UNKNOWN"],
    [400, "AGENT_SETTINGS_INVALID"],
    [400, "REQUEST_INVALID"],
  ]);
  expect((await served.ask("GET", "/api/workspaces/bad")).status).toBe(404);
});

test("a workspace in which something was asked for stays", async () => {
  await served.world.workspace("kept", remote, []);
  await changeIn(served.world, "provisioning", "kept");
  const { status, body } = await served.ask("DELETE", "/api/workspaces/kept");
  expect([status, body.code]).toEqual([409, "WORKSPACE_IN_USE"]);
});
