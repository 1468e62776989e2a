import { cleanUp } from "../src/actions/environments/clean-up.ts";
import { entityTask } from "../src/actions/run-task.ts";

export default entityTask("cleanup", cleanUp);
