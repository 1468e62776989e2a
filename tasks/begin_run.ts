import { entityTask } from "../src/actions/run-task.ts";
import { beginRun } from "../src/actions/runs/begin-run.ts";

export default entityTask("begin_run", beginRun);
