import type { Services } from "../../actions/services.ts";
import type { Change } from "../../domain/change.ts";
import { viewChange } from "../../wire/changes.ts";
import { exitCodes } from "../screen/exit-codes.ts";
import { plain, plainLine } from "../screen/plain.ts";
import type { Colours, Screen } from "../screen/screen.ts";
import { retryHow, shortId } from "../screen/wording.ts";
import { type Watched, watchChange } from "./watch-change.ts";
import { viewFor } from "./watch-views.ts";

/** Watches a change to where it rests, says how it came out and what can be done next, and sets the exit code by it. */
export async function follow(
  services: Services,
  { screen, ...watched }: Omit<Watched, "view"> & { readonly screen: Screen },
  interrupted: AbortSignal,
): Promise<void> {
  const view = viewFor(screen);
  const end = await watchChange(services, { ...watched, view }, interrupted).finally(() => view.close());
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
  if (status === "failed") return failure(colours, change);
  const preview = change.previewUrl ?? "there is nothing to serve, so look at its diff";
  return [
    colours.green(`✓ ${id} is deployed: ${colours.bold(plainLine(preview, 500))}`),
    `  npx fairlead diff ${id}      shows what it changes`,
    `  npx fairlead approve ${id}   merges it into ${change.targetBranch}`,
    `  npx fairlead reject ${id}    drops it`,
    `  npx fairlead request-changes ${id} --text "…"`,
  ].join("\n");
}

function failure(colours: Colours, change: Change): string {
  const id = shortId(change.id);
  const message = plain(change.failureMessage ?? "");
  const again = `  npx fairlead retry ${id}     ${retryHow(change)}`;
  if (change.failureKind === "cancelled") return `${colours.magenta(`✗ ${id} was ${message}`)}\n${again}`;
  const why = colours.red(`✗ ${id} failed in ${change.failedIn} (${change.failureKind}): ${message}`);
  if (change.failureKind !== "no_changes") return `${why}\n${again}`;
  return `${why}\n  npx fairlead request "…"         asks for it in other words\n${again}`;
}
