import { entityTask } from "../src/actions/run-task.ts";
import { stopStep } from "../src/actions/stop-step.ts";

export default entityTask("stop_step", stopStep);
