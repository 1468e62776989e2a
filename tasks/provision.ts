import { provisionEnvironment } from "../src/actions/provision-environment.ts";
import { entityTask } from "../src/actions/run-task.ts";

export default entityTask("provision", provisionEnvironment);
