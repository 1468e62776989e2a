import { beginRun } from "../src/actions/begin-run.ts";
import { entityTask } from "../src/actions/run-task.ts";

export default entityTask("begin_run", beginRun);
