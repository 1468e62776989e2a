import { z } from "zod";
import { review } from "./agent-output.ts";

const hourMs = 3_600_000;
const text = z.string().max(100_000);

/** A path inside the checkout. Symbolic links that lead out of it are refused where the step is done. */
const path = z
  .string()
  .min(1)
  .max(1_000)
  .refine((value) => !value.startsWith("/") && !value.includes("\0"), "must be relative to the checkout")
  .refine(
    (value) => !value.split("/").some((part) => part === ".." || part === ".git"),
    "must not have .. or .git in it",
  );

/** What the scripted agent can do, one step after the other. */
const scriptStep = z.discriminatedUnion("do", [
  z.strictObject({ do: z.literal("say"), text }),
  z.strictObject({ do: z.literal("wait"), ms: z.int().min(0).max(hourMs) }),
  z.strictObject({ do: z.literal("write"), path, text }),
  z.strictObject({ do: z.literal("append"), path, text }),
  z.strictObject({ do: z.literal("replace"), path, find: text.min(1), with: text }),
  z.strictObject({ do: z.literal("delete"), path }),
  /** Commits all that the checkout has that is not ignored. */
  z.strictObject({ do: z.literal("commit"), message: z.string().min(1).max(10_000) }),
  z.strictObject({ do: z.literal("fail"), exit: z.int().min(1).max(255).default(1), message: text.default("failed") }),
  /** Runs until it is killed; with `ignoreTerm`, until it is killed by SIGKILL. */
  z.strictObject({ do: z.literal("hang"), ignoreTerm: z.boolean().default(false) }),
  /** Leaves a process behind in a session of its own, as the tools of real agents do. */
  z.strictObject({ do: z.literal("spawn"), ms: z.int().min(1).max(hourMs).default(600_000) }),
  z.strictObject({
    do: z.literal("limit"),
    resetsInMs: z
      .int()
      .min(0)
      .max(168 * hourMs),
  }),
  z.strictObject({ do: z.literal("plan"), plan: z.json() }),
  z.strictObject({ do: z.literal("review"), ...review.shape }),
  z.strictObject({
    do: z.literal("cost"),
    usd: z.number().min(0).max(10_000),
    inputTokens: z.int().min(0).default(0),
    outputTokens: z.int().min(0).default(0),
  }),
  /** Ends as a CLI does whose last line was cut off: exit status 0 and no result. */
  z.strictObject({ do: z.literal("malformed") }),
]);

export type ScriptStep = z.infer<typeof scriptStep>;

export const scriptSteps = z.array(scriptStep).max(1_000);

/** What the scripted agent's process reads from its standard input. */
export const scriptOrder = z.object({ steps: scriptSteps });

export type ScriptOrder = z.infer<typeof scriptOrder>;
