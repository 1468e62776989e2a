import type { Services } from "../actions/services.ts";
import type { Change } from "../domain/change.ts";
import { MoveIllegal } from "../domain/faults/kernel.ts";
import { type ChangeStatus, changeLifecycle, statusesOf } from "../domain/lifecycles.ts";
import { faultOf } from "../store/sql.ts";
import { viewChange } from "../wire/changes.ts";
import { follow } from "./changes/follow.ts";
import { cannot, type Verb } from "./changes/verbs.ts";
import { nothingSeen, standingOf } from "./changes/watch-change.ts";
import { remarkNoWorker } from "./doctor/workers-alive.ts";
import { rests } from "./rests.ts";
import { plainLine } from "./screen/plain.ts";
import type { Screen } from "./screen/screen.ts";
import { changeWord, followUp, retryHow, shortId } from "./screen/wording.ts";

interface Said {
  readonly verb: Verb;
  /** The change as it was before. */
  readonly seen: Change;
  readonly say: () => Promise<Change>;
  /** Follow what comes of it. */
  readonly watch: boolean;
}

/** Passes a person's word on, and shows what it has come to. */
export async function passOn(services: Services, screen: Screen, said: Said, interrupted: AbortSignal): Promise<void> {
  const since = said.watch ? await standingOf(services, said.seen.id) : nothingSeen;
  const change = await heard(screen, said);
  if (said.watch) {
    if (!screen.json) screen.print(standing(screen, change));
    return await follow(services, { change, screen, raw: false, since }, interrupted);
  }
  if (screen.json) return screen.printJson(viewChange(change));
  screen.print(rests[change.status] ? standing(screen, change) : `${standing(screen, change)}\n${followUp(change)}`);
  // One that has ended leaves an environment to be cleaned up.
  if (!rests[change.status] || change.environmentId !== null) await remarkNoWorker(services, screen);
}

/** A refusal is put into the commands that there are; with --json it stays as the API has it. */
async function heard(screen: Screen, { verb, seen, say }: Said): Promise<Change> {
  try {
    return await say();
  } catch (raised) {
    const error = faultOf(raised);
    if (screen.json || !(error instanceof MoveIllegal)) throw error;
    const status = statusesOf<ChangeStatus>(changeLifecycle).find((one) => one === error.details.status) ?? seen.status;
    throw new MoveIllegal(cannot(verb, { ...seen, status }), error.details, { cause: error });
  }
}

function standing(screen: Screen, change: Change): string {
  if (change.failureKind !== "cancelled") {
    return `${shortId(change.id)} is ${changeWord(change, screen)}: ${plainLine(change.requestText)}`;
  }
  const begun = "its branch stays, and `fairlead retry` goes on from it";
  const rest = change.branchName === null ? `\`fairlead retry\` ${retryHow(change)}` : begun;
  return `${shortId(change.id)} is cancelled; ${rest}`;
}
