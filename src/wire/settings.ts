import { homedir } from "node:os";
import { resolve } from "node:path";
import { z } from "zod";
import { SettingsInvalid } from "../domain/faults/settings.ts";
import { type Host, parseHost } from "../domain/served-as.ts";

const seconds = z.coerce
  .number()
  .int()
  .min(1)
  .max(7 * 86_400);
const port = z.coerce.number().int().min(1).max(65_535);

/** Names of hosts with commas between them. One with a port is valid with that port only. */
const hostList = z.string().transform((text, context): Host[] => {
  const given = text.split(",").map((name) => name.trim());
  const wrong = given.find((name) => parseHost(name) === null);
  if (wrong !== undefined)
    context.addIssue(`"${wrong}" is no name of a host: write fairlead.example.com or localhost:8080`);
  return given.flatMap((name) => parseHost(name) ?? []);
});

/** Every variable that the server reads, by its name; .env.example explains them. */
export const settingsSchema = z.object({
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, "begins with postgres://")
    .optional(),
  FAIRLEAD_QUEUE_SCHEMA: z
    .string()
    .regex(/^(?!pg_)[a-z_][a-z0-9_]{0,62}$/, "is no name of a schema: lower-case letters, digits and _, not pg_…")
    .refine((name) => !["fairlead", "public", "information_schema"].includes(name), "needs a schema of its own")
    .optional(),
  FAIRLEAD_HOME: z.string().min(1).default("~/.fairlead"),
  FAIRLEAD_HOST: z.string().min(1).default("127.0.0.1"),
  FAIRLEAD_PORT: port.default(4711),
  FAIRLEAD_ALLOWED_HOSTS: hostList.default([]),
  FAIRLEAD_LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "silent"]).default("info"),
  FAIRLEAD_MAX_ACTIVE_CHANGES: z.coerce.number().int().min(1).max(1000).optional(),
  FAIRLEAD_FIRST_PORT: z.coerce.number().int().min(1024).max(60_000).optional(),
  FAIRLEAD_CONCURRENCY: z.coerce.number().int().min(1).max(200).default(12),
  FAIRLEAD_PROVISION_TIMEOUT_SECONDS: seconds.default(20 * 60),
  FAIRLEAD_SETUP_TIMEOUT_SECONDS: seconds.default(15 * 60),
  FAIRLEAD_AGENT_TIMEOUT_SECONDS: seconds.default(2 * 3600),
  FAIRLEAD_PREVIEW_TIMEOUT_SECONDS: seconds.default(3 * 60),
  FAIRLEAD_MERGE_TIMEOUT_SECONDS: seconds.default(10 * 60),
  FAIRLEAD_PUSH_SECONDS: seconds.default(60),
  FAIRLEAD_ON_USAGE_LIMIT: z.enum(["wait", "ask"]).default("wait"),
  FAIRLEAD_ENVIRONMENT_IDLE_SECONDS: seconds.default(2 * 3600),
  FAIRLEAD_ENVIRONMENT_AGE_SECONDS: seconds.default(3 * 86_400),
});

/** The settings as the rest of Fairlead has them: `home` absolute, times in milliseconds. */
export interface Settings {
  readonly databaseUrl: string | undefined;
  /** The queue's schema. Undefined: the one that the database has. */
  readonly queueSchema: string | undefined;
  readonly home: string;
  readonly host: string;
  readonly port: number;
  /** Hosts that requests may ask for besides the server's own address: a proxy's, a tunnel's, another port. */
  readonly allowedHosts: readonly Host[];
  readonly logLevel: string;
  readonly maxActiveChanges: number | undefined;
  readonly firstPort: number | undefined;
  readonly concurrency: number;
  readonly provisionMs: number;
  readonly setupMs: number;
  readonly agentMs: number;
  readonly previewMs: number;
  readonly mergeMs: number;
  readonly pushMs: number;
  readonly onUsageLimit: "wait" | "ask";
  readonly idleMs: number;
  readonly ageMs: number;
}

/** Reads the settings from variables; an empty one counts as not set. Throws `SettingsInvalid` with all that is wrong. */
export function parseSettings(variables: Readonly<Record<string, string | undefined>>): Settings {
  const given = Object.fromEntries(
    Object.entries(variables).filter(([, value]) => value !== undefined && value !== ""),
  );
  const parsed = settingsSchema.safeParse(given);
  if (!parsed.success) {
    throw new SettingsInvalid(parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`));
  }
  const { data } = parsed;
  return {
    databaseUrl: data.DATABASE_URL,
    queueSchema: data.FAIRLEAD_QUEUE_SCHEMA,
    home: resolve(data.FAIRLEAD_HOME.replace(/^~(?=$|\/)/, homedir())),
    host: data.FAIRLEAD_HOST,
    port: data.FAIRLEAD_PORT,
    allowedHosts: data.FAIRLEAD_ALLOWED_HOSTS,
    logLevel: data.FAIRLEAD_LOG_LEVEL,
    maxActiveChanges: data.FAIRLEAD_MAX_ACTIVE_CHANGES,
    firstPort: data.FAIRLEAD_FIRST_PORT,
    concurrency: data.FAIRLEAD_CONCURRENCY,
    provisionMs: data.FAIRLEAD_PROVISION_TIMEOUT_SECONDS * 1000,
    setupMs: data.FAIRLEAD_SETUP_TIMEOUT_SECONDS * 1000,
    agentMs: data.FAIRLEAD_AGENT_TIMEOUT_SECONDS * 1000,
    previewMs: data.FAIRLEAD_PREVIEW_TIMEOUT_SECONDS * 1000,
    mergeMs: data.FAIRLEAD_MERGE_TIMEOUT_SECONDS * 1000,
    pushMs: data.FAIRLEAD_PUSH_SECONDS * 1000,
    onUsageLimit: data.FAIRLEAD_ON_USAGE_LIMIT,
    idleMs: data.FAIRLEAD_ENVIRONMENT_IDLE_SECONDS * 1000,
    ageMs: data.FAIRLEAD_ENVIRONMENT_AGE_SECONDS * 1000,
  };
}
