import { entityTask } from "../src/actions/run-task.ts";
import { cleanUp } from "../src/actions/clean-up.ts";

export default entityTask("cleanup", cleanUp);
