import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commitTo, gitIn } from "../support/world.ts";
import { changeIn, type Served, serve } from "./support.ts";

let served: Served;
let id: string;
beforeAll(async () => {
  served = await serve();
  const { world } = served;
  const remote = await world.repository();
  await world.workspace("shop", remote, []);
  id = await changeIn(world, "implementing");
  const checkout = join(world.home, "checkout");
  await execa("git", ["clone", "--quiet", remote, checkout]);
  const base = await gitIn(checkout, "rev-parse", "HEAD");
  await execa("git", ["switch", "--quiet", "--create", `change/${id}`], { cwd: checkout });
  await commitTo(checkout, { "spinner.css": ".spinner { color: red }\n" }, "Add a spinner");
  const head = await gitIn(checkout, "rev-parse", "HEAD");
  await world.database
    .sql`update fairlead.change_requests set base_commit = ${base}, head_commit = ${head} where id = ${id}`;
});
afterAll(() => served.close());

test("a diff is a diff, unless JSON is asked for", async () => {
  const plain = await served.ask("GET", `/api/changes/${id}/diff`);
  expect(plain.headers.get("content-type")).toBe("text/x-diff; charset=utf-8");
  expect(plain.headers.get("x-content-type-options")).toBe("nosniff");
  expect(plain.text).toContain("+.spinner { color: red }");
  const json = await served.ask("GET", `/api/changes/${id}/diff`, { headers: { Accept: "application/json" } });
  expect(json.body).toEqual({ text: plain.text, truncated: false });
});
