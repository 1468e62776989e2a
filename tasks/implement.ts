import { entityTask } from "../src/actions/run-task.ts";
import { implementChange } from "../src/actions/implement-change.ts";

export default entityTask("implement", implementChange);
