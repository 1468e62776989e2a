import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ChangeId } from "../../src/domain/ids.ts";
import { makeWorld, type World } from "../support/world.ts";

let world: World;
let remote: string;
beforeAll(async () => {
  world = await makeWorld({ FAIRLEAD_LOG_LEVEL: "silent" });
  remote = await world.repository();
  await world.startWorker();
});
afterAll(() => world.close());

/** A workspace whose Claude Code is a script that changes a file and prints these lines. */
async function workspacePrinting(name: string, lines: readonly string[]): Promise<void> {
  const executable = join(world.home, name);
  const said = lines.map((line) => `printf '%s\\n' '${line}'`).join("\n");
  await writeFile(executable, `#!/bin/sh\ncat > request.txt\n${said}\n`);
  await chmod(executable, 0o755);
  await world.database.sql`
    insert into fairlead.workspaces (name, repository_url, default_branch, agent, agent_settings)
    values (${name}, ${remote}, 'main', 'claude', ${world.database.sql.json({ executable })})`;
}

const result = (fields: string) =>
  `{"type":"result","subtype":"success","is_error":false,"result":"Done","session_id":"s1",${fields}}`;

test("what an agent says of its costs never fails its change", { timeout: 60_000 }, async () => {
  const amounts = {
    trillion: '"total_cost_usd":1e12',
    negative: '"total_cost_usd":-1,"modelUsage":{"m":{"inputTokens":-7,"outputTokens":3}}',
    infinite: '"total_cost_usd":1e999',
    tiny: '"total_cost_usd":1e-9,"modelUsage":{"m":{"inputTokens":0.5,"outputTokens":3}}',
    tokens: '"total_cost_usd":0.25,"modelUsage":{"m":{"inputTokens":1180591620717411303424,"outputTokens":3}}',
    text: '"total_cost_usd":"NaN","modelUsage":"much"',
  };
  const ids = await Promise.all(
    Object.entries(amounts).map(async ([name, fields]) => {
      await workspacePrinting(name, [result(fields)]);
      return world.request(name, "Add a spinner");
    }),
  );
  const changes = await Promise.all(ids.map((id) => world.reaches(id, "deployed")));
  expect(changes.map(({ costUsd, inputTokens, outputTokens }) => [costUsd, inputTokens, outputTokens])).toEqual([
    [0, 0, 0],
    [0, 0, 3],
    [0, 0, 0],
    [0, 0, 3],
    [0.25, 0, 3],
    [0, 0, 0],
  ]);
});

test("costs that are believed one by one never overflow their column together", async () => {
  await workspacePrinting("dear", [result('"total_cost_usd":99999')]);
  const [row] = await world.database.sql<[{ id: ChangeId }]>`
    insert into fairlead.change_requests (workspace, request_text, cost_usd)
    values ('dear', 'Add a spinner', 999000) returning id`;
  expect((await world.reaches(row.id, "deployed")).costUsd).toBe(999_999);
});

test("a session id that would be a flag is not given back as an argument", async () => {
  const lines = ['{"type":"system","subtype":"init","session_id":"--resume-anything"}', result('"x":1')];
  await workspacePrinting("flag", lines);
  const change = await world.reaches(await world.request("flag", "Add a spinner"), "deployed");
  expect(change.sessionId).toBe("s1");
});

test("a limit that ends in a thousand years holds its credential's changes for no more than weeks", async () => {
  const limited = [
    '{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":33333333333}}',
    '{"type":"result","subtype":"success","is_error":true,"terminal_reason":"api_error","api_error":"usage_limit_reached"}',
  ];
  await workspacePrinting("limited", limited);
  const id = await world.request("limited", "Add a spinner");
  const { waitsUntil } = await world.row(async () => {
    const change = await world.change(id);
    return change.waitsUntil === null ? [] : [{ waitsUntil: change.waitsUntil }];
  });
  const days = (waitsUntil.getTime() - Date.now()) / 86_400_000;
  expect(days).toBeGreaterThan(34);
  expect(days).toBeLessThanOrEqual(35);
  await world.database.sql`select fairlead.cancel_change(${id})`;
});
