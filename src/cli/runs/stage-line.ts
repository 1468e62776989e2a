import type { Change } from "../../domain/change.ts";
import type { ChangeStatus } from "../../domain/lifecycles.ts";
import type { Screen } from "../screen/screen.ts";
import { waitsFor } from "../screen/wording.ts";

const toPreview = ["pending", "provisioning", "implementing", "deployed"] as const satisfies readonly ChangeStatus[];
const toMerge = [...toPreview, "approved", "merging", "merged"] as const satisfies readonly ChangeStatus[];
const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"] as const;

/** `✓ pending  ⠹ provisioning  · implementing  · deployed   its environment, 3 s` */
export function stageLine(
  { colours }: Screen,
  change: Change,
  { visited, elapsedMs }: { readonly visited: ReadonlySet<ChangeStatus>; readonly elapsedMs: number },
): string {
  const stages: readonly ChangeStatus[] = decided(change.status) ? toMerge : toPreview;
  const reached = stages.indexOf(change.status);
  const frame = frames[Math.floor(elapsedMs / 100) % frames.length] ?? "…";
  const drawn = stages.map((stage, place) => {
    if (place < reached || (place === reached && isEnd(change.status))) return colours.green(`✓ ${stage}`);
    if (place === reached) return colours.cyan(`${frame} ${stage}`);
    return visited.has(stage) && reached < 0 ? colours.green(`✓ ${stage}`) : colours.dim(`· ${stage}`);
  });
  const awaited = isEnd(change.status) ? "" : `waits for ${waitsFor(change)}, `;
  const round = change.round > 1 ? `round ${change.round}, ` : "";
  return `${drawn.join("  ")}  ${colours.dim(`${round}${awaited}${Math.round(elapsedMs / 1000)} s`)}`;
}

function decided(status: ChangeStatus): boolean {
  return status === "approved" || status === "merging" || status === "merged";
}

function isEnd(status: ChangeStatus): boolean {
  return status === "deployed" || status === "merged";
}
