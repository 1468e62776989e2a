import type { Change } from "../../domain/change.ts";
import type { Environment } from "../../providers/environments/port.ts";
import { blueprintFile } from "../../providers/previews/read-blueprint.ts";
import { addNotice } from "../../store/notices.ts";
import type { Services } from "../services.ts";

/** Adds a notice when a change alters `.fairlead.json`, which takes effect only after the merge. */
export async function noteBlueprintChange(
  { sql, repository }: Services,
  change: Change,
  { environment, base }: { readonly environment: Environment; readonly base: string },
): Promise<void> {
  const before = await repository(change.repositoryUrl).files(base).readFiles([blueprintFile]);
  if ((await environment.readFile(blueprintFile)) === before[blueprintFile]) return;
  const text =
    `it changes ${blueprintFile}: how the app is set up, started and checked. The preview runs as the target branch says; ` +
    "the change takes effect after the merge";
  await addNotice(sql, change.id, "blueprint_changed", text);
}
