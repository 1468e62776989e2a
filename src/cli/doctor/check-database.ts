import type { Services } from "../../actions/services.ts";
import { MigrationChanged, QueueElsewhere } from "../../domain/faults/database.ts";
import { entitiesWithoutJob, type SchemaState, schemaState, serverVersion } from "../../store/health/health.ts";
import { listLeaks } from "../../store/resources.ts";
import { readQueueSchema } from "../../store/settings.ts";
import { listWorkers } from "../../store/workers.ts";
import { listWorkspaces } from "../../store/workspaces.ts";
import type { AgentOnHand, Assembly } from "../cli.ts";
import { checkMachine } from "../machine/check-machine.ts";
import { plainLine } from "../screen/plain.ts";
import { checkServer } from "./check-server.ts";
import { bad, type Finding, good, note, versionOf } from "./checks.ts";
import { noWorker } from "./workers-alive.ts";

/** All that only the database can tell. Changes nothing in it. */
export async function checkDatabase(
  { services, embedded, queueSchema }: Assembly,
  agents: readonly AgentOnHand[],
): Promise<Finding[]> {
  const { sql } = services;
  const where = embedded ? "Fairlead's own" : "DATABASE_URL";
  const postgres = good("postgres", `${await serverVersion(sql)}, ${where}`);
  const unfit = unfitSchema(await schemaState(sql));
  if (unfit !== null) return [postgres, unfit, ...(await checkAgents(agents, null))];
  const workspaces = await listWorkspaces(sql, 1000);
  return [
    postgres,
    good("migrations", "up to date"),
    ...(await checkQueue(services, queueSchema)),
    ...(await checkServer(sql)),
    await checkWorkers(services),
    await checkJobs(services),
    await checkLeaks(services),
    ...(await checkMachine(services)),
    ...(await checkAgents(
      agents,
      new Set(workspaces.flatMap(({ agent, agents: allowed }) => [agent, ...Object.keys(allowed)])),
    )),
  ];
}

/** Null where the database is as this program needs it. */
function unfitSchema({ pending, unknown, changed }: SchemaState): Finding | null {
  if (unknown.length > 0) {
    return bad(
      "migrations",
      `${unknown.join(", ")} is not known here`,
      "A newer Fairlead migrated it: run that version.",
    );
  }
  if (changed.length > 0) return bad("migrations", `${changed.join(", ")}`, new MigrationChanged(changed).message);
  if (pending.length === 0) return null;
  const advice = "Run `npx fairlead migrate`; `start` does it by itself.";
  return note("migrations", `${pending.join(", ")} not applied yet`, advice);
}

/** Only where FAIRLEAD_QUEUE_SCHEMA names another schema than the database has: then every other command fails. */
async function checkQueue({ sql }: Services, wanted: string | undefined): Promise<Finding[]> {
  const there = await readQueueSchema(sql);
  if (wanted === undefined || wanted === there) return [];
  return [bad("queue", there, new QueueElsewhere(wanted, there).message)];
}

async function checkWorkers({ sql }: Services): Promise<Finding> {
  const alive = (await listWorkers(sql)).filter((worker) => worker.alive);
  if (alive.length === 0) return note("workers", "none", `${noWorker}.`);
  return good("workers", alive.map(({ host, pid }) => `${plainLine(host)} (process ${pid})`).join(", "));
}

async function checkJobs({ sql }: Services): Promise<Finding> {
  const lost = await entitiesWithoutJob(sql);
  if (lost.length === 0) return good("jobs", "everything that waits for a task has one");
  return note("jobs", `none for ${lost.join(", ")}`, "A running worker repairs this within a minute.");
}

async function checkLeaks({ sql }: Services): Promise<Finding> {
  const leaks = await listLeaks(sql, 20);
  if (leaks.length === 0) return good("leaks", "nothing is left behind");
  const found = leaks.map(
    ({ kind, name, environmentId }) => `${kind} ${plainLine(name)} of environment ${environmentId}`,
  );
  return note(
    "leaks",
    found.join(", "),
    "A running worker removes these each minute; its log says what is in the way.",
  );
}

/** `used`: the agents of the registered workspaces; null when that is not known. */
export async function checkAgents(
  agents: readonly AgentOnHand[],
  used: ReadonlySet<string> | null,
): Promise<Finding[]> {
  const claude = await versionOf("claude");
  const needed = used?.has("claude") === true;
  const advice = "Install Claude Code (npm install -g @anthropic-ai/claude-code), or use another agent.";
  const missing = needed ? bad("agent claude", "not found", advice) : note("agent claude", "not found", advice);
  return [claude === null ? missing : good("agent claude", plainLine(claude)), ...agents.flatMap(checkCredentials)];
}

function checkCredentials({ name, credentials }: AgentOnHand): Finding[] {
  if (credentials.length === 0) return [];
  const present = credentials.filter((credential) => credential.present).map(({ variable }) => variable);
  if (present.length > 0) return [good(`${name} credentials`, present.join(", "))];
  const names = credentials.map(({ variable }) => variable).join(" or ");
  return [note(`${name} credentials`, "none set", `Log in with its own CLI, or set ${names}.`)];
}
