import { entityTask } from "../src/actions/run-task.ts";
import { openPreview } from "../src/actions/open-preview.ts";

export default entityTask("preview", openPreview);
