import { z } from "zod";
import { isTokens, isUsd } from "../../domain/agents/agent-amounts.ts";
import { parseJson as parse } from "../../domain/json/parse-json.ts";

/**
 * What coding CLIs print. They change from version to version, so unknown fields are dropped, and a known one that
 * doesn't fit is `null` (or empty) instead of costing us the line.
 */
const lenient = <Schema extends z.ZodType>(schema: Schema) => schema.nullable().catch(null);
/** Impossible amounts are left out, and listed in `doubts`. */
const tokens = z.number().refine(isTokens).catch(0);
const usd = z.number().refine(isUsd);
/** The last moment that a `Date` can say; one beyond it throws. */
const lastMomentMs = 8.64e15;

/** Lists are cut before their items are parsed: else each of a million could become an issue. */
function few<Item extends z.ZodType>(item: Item, most = 10_000) {
  return z.preprocess((given) => (Array.isArray(given) ? given.slice(0, most) : given), z.array(item)).catch([]);
}

/** It is stored and later passed as an argument, where one that begins with a dash would be an option. */
const sessionId = lenient(z.string().regex(/^[A-Za-z0-9][\w.:-]{0,199}$/));

const system = z.object({
  type: z.literal("system"),
  subtype: z.string(),
  session_id: sessionId,
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
  message: z.object({ content: few(block) }),
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
  message: z.object({ content: few(toolResult) }),
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
  inputTokens: tokens,
  outputTokens: tokens,
  cacheReadInputTokens: tokens,
  cacheCreationInputTokens: tokens,
});

const result = z.object({
  type: z.literal("result"),
  subtype: z.string(),
  is_error: z.boolean(),
  result: lenient(z.string()),
  errors: few(z.string()),
  structured_output: z.unknown().optional(),
  session_id: sessionId,
  total_cost_usd: lenient(usd),
  modelUsage: z.record(z.string(), modelUsage).catch({}),
  permission_denials: few(z.object({ tool_name: z.string(), tool_use_id: lenient(z.string()) })),
  terminal_reason: lenient(z.string()),
  api_error: lenient(z.string()),
  api_error_status: lenient(z.number()),
});

const claudeLine = z.discriminatedUnion("type", [system, assistant, user, rateLimit, result]);

/** With the amounts that were left out of it, such as `total_cost_usd: 1e+300`. */
type Doubted<Line> = Line & { readonly doubts: readonly string[] };

export type ClaudeResult = Doubted<z.infer<typeof result>>;
export type ClaudeLine = Exclude<z.infer<typeof claudeLine>, { type: "result" }> | ClaudeResult;

const mostFindings = 500;

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
    .max(mostFindings),
});

/** The same for a CLI, which refuses a schema that names its dialect: Claude Code 2.1.329 knows no draft 2020-12. */
const { $schema: _, ...withoutDialect } = z.toJSONSchema(review);
export const reviewJsonSchema = withoutDialect;

const scriptedLine = z.discriminatedUnion("type", [
  z.object({ type: z.literal("say"), text: z.string() }),
  z.object({ type: z.literal("did"), text: z.string() }),
  z.object({ type: z.literal("plan"), plan: z.unknown() }),
  z.object({ type: z.literal("review"), ...review.shape }),
  z.object({ type: z.literal("cost"), usd: usd.catch(0), inputTokens: tokens, outputTokens: tokens }),
  /** `resetsAt` is in ms since the epoch. */
  z.object({ type: z.literal("limit"), resetsAt: z.number().min(0).max(lastMomentMs) }),
  /** Only a run that did all its steps prints it. */
  z.object({ type: z.literal("end") }),
]);

type ScriptedCost = Extract<z.infer<typeof scriptedLine>, { type: "cost" }>;
/** What the scripted agent prints; `ScriptedLine` is the same as it is read. */
export type PrintedLine = z.infer<typeof scriptedLine>;
export type ScriptedLine = Exclude<PrintedLine, { type: "cost" }> | Doubted<ScriptedCost>;

/** `null` for whatever is not a line that Claude Code prints, or not one that says anything to us. */
export function readClaudeLine(line: string): ClaudeLine | null {
  const given = parseLine(line);
  const { data = null } = claudeLine.safeParse(given);
  return data?.type === "result" ? { ...data, doubts: doubtsOf(given) } : data;
}

export function readScriptedLine(line: string): ScriptedLine | null {
  const given = parseLine(line);
  const { data = null } = scriptedLine.safeParse(given);
  return data?.type === "cost" ? { ...data, doubts: doubtsOf(given) } : data;
}

/** Lines without a type are none of ours, and there may be millions: they are not parsed. */
function parseLine(line: string): unknown {
  return line.includes('"type"') ? parseJson(line) : undefined;
}

/** The first few fields of a line, or of a model in `modelUsage`, that should be amounts and are impossible. */
function doubtsOf(line: unknown): string[] {
  const { modelUsage, ...fields } = fieldsOf(line);
  const models = Object.values(fieldsOf(modelUsage)).map(fieldsOf);
  const doubted = [fields, ...models].flatMap((named) =>
    Object.entries(named).filter(([name, value]) => amounts[name]?.(value) === false),
  );
  return doubted.slice(0, 5).map(([name, value]) => `${name}: ${String(value).slice(0, 40)}`);
}

const amounts: Readonly<Record<string, (value: unknown) => boolean>> = {
  total_cost_usd: (value) => value === null || isUsd(value),
  usd: isUsd,
  inputTokens: isTokens,
  outputTokens: isTokens,
  cacheReadInputTokens: isTokens,
  cacheCreationInputTokens: isTokens,
};

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** `null` for what is not a review. Too many findings are rejected before they are parsed. */
export function readReview(answer: unknown): z.infer<typeof review> | null {
  const { findings } = fieldsOf(answer);
  if (Array.isArray(findings) && findings.length > mostFindings) return null;
  return review.safeParse(answer).data ?? null;
}

/** Longer than any line of an agent: the outputs of a step are limited to a megabyte. */
const longestText = 8 * 1024 * 1024;

/** `undefined` for what is not JSON, or exceeds a limit. */
export function parseJson(text: string): unknown {
  if (text.length > longestText) return undefined;
  const parsed = parse(text);
  return "value" in parsed ? parsed.value : undefined;
}
