import { folderStanding } from "../../actions/data-folder/standing.ts";
import { findUnknownEnvironments } from "../../actions/environments/find-unknown-environments.ts";
import type { Services } from "../../actions/services.ts";
import { listFolders } from "../../store/data-folders.ts";
import { listKept } from "../../store/resources.ts";
import { bad, type Finding, good, note } from "../doctor/checks.ts";
import { plainLine } from "../screen/plain.ts";

/** Compares the database with the data folder and the processes of this machine. */
export async function checkMachine(services: Services): Promise<Finding[]> {
  const folder = await checkFolder(services);
  return [
    ...folder,
    ...(folder.some(({ state }) => state === "bad") ? [] : [await checkUnknown(services)]),
    await checkProcesses(services),
    ...(await checkKept(services)),
  ];
}

const lately = 24 * 3_600_000;

async function checkFolder(services: Services): Promise<Finding[]> {
  const standing = await folderStanding(services);
  if (standing.state === "refused") {
    return [
      bad("works here", `no: ${standing.fault.message}`, "Environments in this data folder are left as they are."),
    ];
  }
  if (standing.state === "first") {
    return [
      note("works here", "no data folder works on this database yet", "The first one that `start` runs in will."),
    ];
  }
  const others = (await listFolders(services.sql, 20)).filter(
    ({ id, lastSeenAt }) => id !== standing.id && Date.now() - lastSeenAt.getTime() < lately,
  );
  const own = good("works here", `data folder ${standing.id}`);
  if (others.length === 0) return [own];
  const seen = others.map(({ path, host, userName, lastSeenAt }) => {
    const when = lastSeenAt.toISOString();
    return `${plainLine(path)} on ${plainLine(host)} (user ${plainLine(userName)}, ${when})`;
  });
  const advice = "A database has one data folder. Set the same FAIRLEAD_HOME there, or another DATABASE_URL.";
  return [own, note("other folders", `refused: ${seen.join(", ")}`, advice)];
}

async function checkUnknown(services: Services): Promise<Finding> {
  const unknown = await findUnknownEnvironments(services);
  if (unknown.length === 0) return good("environments", "each has an owner");
  const advice = "If no other Fairlead uses this data folder, save what you need and remove them from environments/.";
  return note("environments", `nobody owns ${unknown.join(", ")}`, advice);
}

async function checkProcesses({ provider }: Services): Promise<Finding> {
  if (await provider("local").findsAll()) {
    return good("processes", "found whatever they drop; not what cron, systemd or docker starts for them");
  }
  return note(
    "processes",
    "one that drops its variables and leaves its session and folder can't be found, and may outlive its environment",
    "Reason: no /proc, a limit on file locks that is set already, or a Fairlead that runs inside two others. Look with `ps`.",
  );
}

async function checkKept({ sql }: Services): Promise<Finding[]> {
  const kept = await listKept(sql, 20);
  if (kept.length === 0) return [];
  const found = kept.map(({ environmentId, note: why }) => `of environment ${environmentId}: ${plainLine(why, 300)}`);
  return [note("kept checkouts", found.join("; "), "Take out of them what you need, then remove them by hand.")];
}
