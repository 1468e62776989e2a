import { cronTask } from "../src/actions/run-task.ts";
import { enforceLifecycles } from "../src/actions/enforce-lifecycles.ts";

export default cronTask(enforceLifecycles);
