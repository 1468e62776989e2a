import { setTimeout as pause } from "node:timers/promises";
import { Fault } from "../../../domain/fault.ts";
import { PostgresStartFailed } from "../../../domain/faults/postgres.ts";
import { attach } from "../attach.ts";
import { hangUp, why } from "../connection.ts";
import { adminRole, everydayRole } from "../login.ts";
import type { PostgresHandle } from "../port.ts";
import { ensureDatabase, isLastToLeave, type Keeper, keep } from "./keeper.ts";
import { findServer, stopServer } from "./server.ts";
import { prepareSite, type Site, type SiteOptions } from "./site.ts";

const patienceMs = 30_000;
const patienceToLeaveMs = 10_000;
const triesToReturn = 10;

/** Opens the embedded Postgres of a home: made when missing, started when stopped, shared when running. */
export async function openEmbedded(options: SiteOptions & { readonly database: string }): Promise<PostgresHandle> {
  try {
    const site = await prepareSite(options);
    const keeper = await attach(site, AbortSignal.timeout(patienceMs));
    await ensureDatabase(keeper, site, options.database).catch(async (error) => {
      await leave(site, keeper);
      throw error;
    });
    return handleOf(site, keeper, options.database);
  } catch (error) {
    if (error instanceof Fault) throw error;
    const advice = `Check free space and permissions in ${options.home} (FAIRLEAD_HOME), or set DATABASE_URL.`;
    throw new PostgresStartFailed("The embedded Postgres could not be opened", [why(error)], advice, { cause: error });
  }
}

function handleOf(site: Site, keeper: Keeper, database: string): PostgresHandle {
  const stay = remain(site, keeper);
  let closed: Promise<void> | undefined;
  const url = (user: string, password: string) =>
    `postgres://${user}:${password}@127.0.0.1:${keeper.port}/${encodeURIComponent(database)}`;
  return {
    url: url(everydayRole, site.password),
    adminUrl: url(adminRole, site.adminPassword),
    embedded: true,
    close: () => {
      closed ??= stay.end().then((last) => leave(site, last));
      return closed;
    },
  };
}

/**
 * Keeps us among the server's users until `end`, which gives the session that we are left with. A session is lost when
 * Postgres restarts itself after a crash, and then anybody's leaving would stop the server under us: so we come back,
 * and start the server if it is gone.
 */
function remain(site: Site, first: Keeper): { end(): Promise<Keeper> } {
  const ending = new AbortController();
  const endAsked = new Promise<void>((resolve) => ending.signal.addEventListener("abort", () => resolve()));

  async function stay(): Promise<Keeper> {
    let keeper = first;
    for (let tries = 0; tries < triesToReturn; tries += 1) {
      await Promise.race([keeper.ended, endAsked]);
      if (ending.signal.aborted) return keeper;
      site.log({}, "postgres connection lost");
      try {
        keeper = await attach(site, AbortSignal.any([ending.signal, AbortSignal.timeout(patienceMs)]));
        tries = 0;
        if (keeper.port !== first.port) site.log({ port: keeper.port }, "postgres is at another port now: restart");
      } catch (error) {
        site.log({ error: why(error) }, "postgres did not come back");
        await pause(1_000, undefined, { signal: ending.signal }).catch(() => {});
      }
    }
    return keeper;
  }

  const staying = stay();
  return {
    end: () => {
      ending.abort();
      return staying;
    },
  };
}

/** Stops the server if nobody else uses it; by a new session where ours was lost, so that it isn't left running. */
async function leave(site: Site, keeper: Keeper): Promise<void> {
  if (await leaveBy(site, keeper)) return;
  const end = performance.now() + patienceToLeaveMs;
  while (performance.now() < end) {
    const server = await findServer(site);
    if (server === null) return;
    const kept = server.port === null ? null : await keep(site, server.port);
    if (kept?.state === "kept" && (await leaveBy(site, kept.keeper))) return;
    await pause(100);
  }
}

async function leaveBy(site: Site, keeper: Keeper): Promise<boolean> {
  try {
    if (await isLastToLeave(keeper)) await stopServer(site);
    return true;
  } catch {
    return false;
  } finally {
    await hangUp(keeper.client);
  }
}
