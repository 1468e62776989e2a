import { runStep } from "../src/actions/run-step.ts";
import { entityTask } from "../src/actions/run-task.ts";

export default entityTask("run_step", runStep);
