import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { addBuiltInPlan } from "../store/runs/plans.ts";
import type { Sql } from "../store/sql.ts";
import { parsePlanText } from "../wire/plans/plan.ts";

const folder = fileURLToPath(new URL("../../plans", import.meta.url));

/** Registers the plans that come with Fairlead; those of the same names that somebody has added stay. */
export async function addBuiltInPlans(sql: Sql): Promise<void> {
  for (const file of (await readdir(folder)).filter((name) => name.endsWith(".json"))) {
    await addBuiltInPlan(sql, parsePlanText(await readFile(join(folder, file), "utf8")));
  }
}
