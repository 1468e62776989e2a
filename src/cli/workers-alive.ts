import type { Services } from "../actions/services.ts";
import { listWorkers } from "../store/workers.ts";

export const noWorker = "No worker is running: start one with `npx fairlead start`";

export async function anyWorkerAlive({ sql }: Pick<Services, "sql">): Promise<boolean> {
  return (await listWorkers(sql)).some(({ alive }) => alive);
}
