import { z } from "zod";

/**
 * What coding CLIs print. They change from version to version, so unknown fields are dropped, and a known one that
 * doesn't fit is `null` (or empty) instead of costing us the line.
 */
const lenient = <Schema extends z.ZodType>(schema: Schema) => schema.nullable().catch(null);
const count = z.number().min(0).catch(0);
/** The last moment that a `Date` can say; one beyond it throws. */
const lastMomentMs = 8.64e15;

const system = z.object({
  type: z.literal("system"),
  subtype: z.string(),
  session_id: lenient(z.string()),
  /** Of `permission_denied`. */
  tool_name: lenient(z.string()),
  /** Of `api_retry`. */
  attempt: lenient(z.number()),
  max_retries: lenient(z.number()),
  retry_delay_ms: lenient(z.number()),
  error_status: lenient(z.number()),
  error: lenient(z.string()),
});

const block = z.object({
  type: z.string(),
  text: lenient(z.string()),
  id: lenient(z.string()),
  name: lenient(z.string()),
  input: z.record(z.string(), z.unknown()).catch({}),
});

const assistant = z.object({
  type: z.literal("assistant"),
  message: z.object({ content: z.array(block).catch([]) }),
  error: lenient(z.string()),
  is_api_error_message: z.boolean().catch(false),
});

const toolResult = z.object({
  type: z.string(),
  tool_use_id: lenient(z.string()),
  is_error: z.boolean().catch(false),
});

const user = z.object({
  type: z.literal("user"),
  message: z.object({ content: z.array(toolResult).catch([]) }),
});

const rateLimit = z.object({
  type: z.literal("rate_limit_event"),
  /** `resetsAt` is in seconds since the epoch. */
  rate_limit_info: z.object({
    status: z.string(),
    resetsAt: lenient(
      z
        .number()
        .min(0)
        .max(lastMomentMs / 1_000),
    ),
    rateLimitType: lenient(z.string()),
  }),
});

const modelUsage = z.object({
  inputTokens: count,
  outputTokens: count,
  cacheReadInputTokens: count,
  cacheCreationInputTokens: count,
});

const result = z.object({
  type: z.literal("result"),
  subtype: z.string(),
  is_error: z.boolean(),
  result: lenient(z.string()),
  errors: z.array(z.string()).catch([]),
  structured_output: z.unknown().optional(),
  session_id: lenient(z.string()),
  total_cost_usd: lenient(z.number().min(0)),
  modelUsage: z.record(z.string(), modelUsage).catch({}),
  permission_denials: z.array(z.object({ tool_name: z.string(), tool_use_id: lenient(z.string()) })).catch([]),
  terminal_reason: lenient(z.string()),
  api_error: lenient(z.string()),
  api_error_status: lenient(z.number()),
});

const claudeLine = z.discriminatedUnion("type", [system, assistant, user, rateLimit, result]);

export type ClaudeLine = z.infer<typeof claudeLine>;
export type ClaudeResult = z.infer<typeof result>;

/** What a reviewer answers, whichever agent it is. */
export const review = z.object({
  verdict: z.enum(["approved", "rejected"]),
  findings: z
    .array(
      z.object({
        file: z.string().max(1_000).nullable().default(null),
        line: z.int().min(1).nullable().default(null),
        text: z.string().min(1).max(10_000),
      }),
    )
    .max(500),
});

/** The same for a CLI, which refuses a schema that names its dialect: Claude Code 2.1.329 knows no draft 2020-12. */
const { $schema: _, ...withoutDialect } = z.toJSONSchema(review);
export const reviewJsonSchema = withoutDialect;

const scriptedLine = z.discriminatedUnion("type", [
  z.object({ type: z.literal("say"), text: z.string() }),
  z.object({ type: z.literal("did"), text: z.string() }),
  z.object({ type: z.literal("plan"), plan: z.unknown() }),
  z.object({ type: z.literal("review"), ...review.shape }),
  z.object({ type: z.literal("cost"), usd: count, inputTokens: count, outputTokens: count }),
  /** `resetsAt` is in ms since the epoch. */
  z.object({ type: z.literal("limit"), resetsAt: z.number().min(0).max(lastMomentMs) }),
  /** Only a run that did all its steps prints it. */
  z.object({ type: z.literal("end") }),
]);

export type ScriptedLine = z.infer<typeof scriptedLine>;

/** `null` for whatever is not a line that Claude Code prints, or not one that says anything to us. */
export function readClaudeLine(line: string): ClaudeLine | null {
  return claudeLine.safeParse(parseJson(line)).data ?? null;
}

export function readScriptedLine(line: string): ScriptedLine | null {
  return scriptedLine.safeParse(parseJson(line)).data ?? null;
}

export function readReview(answer: unknown): z.infer<typeof review> | null {
  return review.safeParse(answer).data ?? null;
}

/** `undefined` for what is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
