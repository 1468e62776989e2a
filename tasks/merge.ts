import { mergeChange } from "../src/actions/changes/merge-change.ts";
import { entityTask } from "../src/actions/run-task.ts";

export default entityTask("merge", mergeChange);
