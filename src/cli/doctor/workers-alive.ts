import type { Services } from "../../actions/services.ts";
import { listWorkers } from "../../store/workers.ts";
import type { Screen } from "../screen/screen.ts";

export const noWorker = "No worker is running: start one with `npx fairlead start`";

export async function anyWorkerAlive({ sql }: Pick<Services, "sql">): Promise<boolean> {
  return (await listWorkers(sql)).some(({ alive }) => alive);
}

/** Below something that waits for a worker: that there is none. */
export async function remarkNoWorker(services: Pick<Services, "sql">, screen: Screen): Promise<void> {
  if (!screen.json && !(await anyWorkerAlive(services))) screen.remark(noWorker);
}
