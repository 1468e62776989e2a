import { implementChange } from "../src/actions/changes/implement-change.ts";
import { entityTask } from "../src/actions/run-task.ts";

export default entityTask("implement", implementChange);
