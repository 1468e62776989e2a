import { cronTask } from "../src/actions/run-task.ts";
import { reconcile } from "../src/actions/reconcile.ts";

export default cronTask(reconcile);
