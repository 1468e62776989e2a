import { redact } from "../../../domain/redact.ts";

/** What `git push --porcelain` said of the one ref it was asked to push; null when it never came to that. */
export interface PushRefusal {
  /** The ref stands elsewhere than we thought, or somebody is writing it at this moment. */
  readonly moved: boolean;
  readonly reason: string;
}

export function pushRefusal(result: { readonly stdout: string; readonly stderr: string }): PushRefusal | null {
  const line = result.stdout.split("\n").find((text) => text.startsWith("!\t"));
  if (line === undefined) return null;
  const summary = line.split("\t")[2] ?? "";
  const moved =
    /stale info|fetch first|non-fast-forward|needs force|cannot lock ref|failed to update ref|reference already/;
  return { moved: moved.test(summary), reason: inWords(summary, result.stderr) };
}

/** The remote's own words where there are some: a protected branch and a hook say there what they object to. */
function inWords(summary: string, stderr: string): string {
  const bracketed = /\((.+)\)$/.exec(summary)?.[1] ?? summary;
  const words = stderr
    .split("\n")
    .filter((line) => line.startsWith("remote:"))
    .map((line) =>
      line
        .slice("remote:".length)
        .replace(/^\s*error:/i, "")
        .trim(),
    )
    .filter((line) => line !== "");
  const text = words.length === 0 ? bracketed : `${bracketed}: ${words.join(" ")}`;
  return redact(text).replace(/\.$/, "").slice(0, 600);
}
