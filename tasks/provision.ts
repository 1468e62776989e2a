import { provisionEnvironment } from "../src/actions/environments/provision-environment.ts";
import { entityTask } from "../src/actions/run-task.ts";

export default entityTask("provision", provisionEnvironment);
