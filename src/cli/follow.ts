import type { Services } from "../actions/services.ts";
import type { Change } from "../domain/change.ts";
import { viewChange } from "../wire/changes.ts";
import { exitCodes } from "./exit-codes.ts";
import { plain, plainLine } from "./plain.ts";
import type { Screen } from "./screen.ts";
import { watchChange } from "./watch-change.ts";
import { viewFor } from "./watch-views.ts";
import { shortId } from "./wording.ts";

/** Watches a change to where it rests, says how it came out and what can be done next, and sets the exit code by it. */
export async function follow(
  services: Services,
  { change, screen, raw }: { readonly change: Change; readonly screen: Screen; readonly raw: boolean },
  interrupted: AbortSignal,
): Promise<void> {
  const view = viewFor(screen);
  const end = await watchChange(services, { change, view, raw }, interrupted).finally(() => view.close());
  if (screen.json) screen.printJson({ type: "change", ...viewChange(end) });
  else screen.print(outcome(screen, end));
  if (end.status === "failed" || end.status === "rejected") process.exitCode = exitCodes.watchedFailed;
}

/** How a change came out, and the commands that go on from there. */
function outcome({ colours }: Screen, change: Change): string {
  const id = shortId(change.id);
  const { status } = change;
  if (status === "merged") {
    return colours.green(`✓ ${id} is merged into ${change.targetBranch} as ${change.mergeCommitSha?.slice(0, 12)}`);
  }
  if (status === "rejected") {
    const note = change.decisionNote === null ? "" : `: ${plain(change.decisionNote)}`;
    return colours.magenta(`✗ ${id} was rejected by ${plainLine(change.decidedBy ?? "somebody")}${note}`);
  }
  if (status === "failed") {
    const why = `✗ ${id} failed in ${change.failedIn} (${change.failureKind}): ${plain(change.failureMessage ?? "")}`;
    return `${colours.red(why)}\n  npx fairlead retry ${id}     goes on from what has been pushed`;
  }
  const preview = change.previewUrl ?? "there is nothing to serve, so look at its diff";
  return [
    colours.green(`✓ ${id} is deployed: ${colours.bold(plainLine(preview, 500))}`),
    `  npx fairlead diff ${id}      shows what it changes`,
    `  npx fairlead approve ${id}   merges it into ${change.targetBranch}`,
    `  npx fairlead reject ${id}    drops it`,
    `  npx fairlead request-changes ${id} --text "…"`,
  ].join("\n");
}
