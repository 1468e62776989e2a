import { entityTask } from "../src/actions/run-task.ts";
import { wakeStep } from "../src/actions/runs/wake-step.ts";

export default entityTask("wake_step", wakeStep);
