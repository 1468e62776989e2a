import { enforceLifecycles } from "../src/actions/environments/enforce-lifecycles.ts";
import { cronTask } from "../src/actions/run-task.ts";

export default cronTask(enforceLifecycles);
