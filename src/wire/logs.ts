import { z } from "zod";
import { timestamp } from "./text.ts";

export const logQuery = z.strictObject({
  after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0).meta({
    description: "`last_seq` of the page before",
  }),
  limit: z.coerce.number().int().min(1).max(1000).default(200),
  raw: z
    .enum(["true", "false"])
    .default("false")
    .transform((value) => value === "true")
    .meta({ description: "As the processes wrote it, instead of what an agent's lines mean" }),
});

export const logPage = z.object({
  entries: z.array(
    z.object({
      seq: z.int(),
      process: z.string(),
      at: timestamp,
      lines: z.array(
        z.object({ kind: z.enum(["output", "error", "text", "tool", "warning", "limit"]), text: z.string() }),
      ),
    }),
  ),
  last_seq: z.int().meta({ description: "Give it back as `after` to read on" }),
});
