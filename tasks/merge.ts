import { entityTask } from "../src/actions/run-task.ts";
import { mergeChange } from "../src/actions/merge-change.ts";

export default entityTask("merge", mergeChange);
