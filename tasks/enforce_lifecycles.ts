import { enforceLifecycles } from "../src/actions/enforce-lifecycles.ts";
import { cronTask } from "../src/actions/run-task.ts";

export default cronTask(enforceLifecycles);
