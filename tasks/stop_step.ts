import { entityTask } from "../src/actions/run-task.ts";
import { stopStep } from "../src/actions/runs/stop-step.ts";

export default entityTask("stop_step", stopStep);
