import { reconcile } from "../src/actions/environments/reconcile.ts";
import { cronTask } from "../src/actions/run-task.ts";

export default cronTask(reconcile);
