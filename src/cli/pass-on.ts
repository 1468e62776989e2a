import type { Services } from "../actions/services.ts";
import type { Change } from "../domain/change.ts";
import { MoveIllegal } from "../domain/faults/kernel.ts";
import { changeStatuses } from "../domain/lifecycles.ts";
import { faultOf } from "../store/sql.ts";
import { viewChange } from "../wire/changes.ts";
import { follow } from "./follow.ts";
import { plainLine } from "./plain.ts";
import { rests } from "./rests.ts";
import type { Screen } from "./screen.ts";
import { cannot, type Verb } from "./verbs.ts";
import { nothingSeen, standingOf } from "./watch-change.ts";
import { changeWord, retryHow, shortId } from "./wording.ts";
import { remarkNoWorker } from "./workers-alive.ts";

interface Around {
  readonly services: Services;
  readonly screen: Screen;
  readonly interrupted: AbortSignal;
}

interface Said {
  readonly verb: Verb;
  /** The change as it was before. */
  readonly seen: Change;
  readonly say: () => Promise<Change>;
  /** Follow what comes of it. */
  readonly watch: boolean;
}
