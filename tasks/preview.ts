import { openPreview } from "../src/actions/changes/open-preview.ts";
import { entityTask } from "../src/actions/run-task.ts";

export default entityTask("preview", openPreview);
