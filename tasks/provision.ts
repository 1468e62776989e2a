import { entityTask } from "../src/actions/run-task.ts";
import { provisionEnvironment } from "../src/actions/provision-environment.ts";

export default entityTask("provision", provisionEnvironment);
