import { entityTask } from "../src/actions/run-task.ts";
import { runStep } from "../src/actions/runs/run-step.ts";

export default entityTask("run_step", runStep);
