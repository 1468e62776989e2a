import { z } from "zod";
import { planFile } from "./plan-file.ts";

/**
 * A plan file as a JSON Schema, for editors that complete and explain. It names no dialect: what it has in it means the
 * same in draft-07 and 2020-12, and tools refuse one that they don't know. It can't say everything: `checkPlan` decides.
 */
const { $schema: _, ...generated } = z.toJSONSchema(planFile, { io: "input" });

export const planJsonSchema = {
  $id: "urn:fairlead:plan",
  title: "Fairlead plan",
  description: "Steps that depend on each other: commands, coding agents, waits for people, and other plans.",
  ...generated,
};
