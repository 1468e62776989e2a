import type { LogLine } from "../../actions/processes/read-log.ts";
import { plain } from "../screen/plain.ts";
import type { Colours, Screen } from "../screen/screen.ts";

const lineColours = {
  output: null,
  error: null,
  text: null,
  tool: "dim",
  warning: "yellow",
  limit: "yellow",
} as const satisfies Record<LogLine["kind"], keyof Colours | null>;

/** A line of a log behind the name of the process that wrote it, as many lines as it has. */
export function logLine({ colours }: Screen, process: string, line: LogLine): string {
  const mark = line.kind === "tool" ? "› " : "";
  const colour = lineColours[line.kind];
  const tint = colour === null ? String : colours[colour];
  return plain(line.text)
    .split("\n")
    .map((text) => `${colours.dim(`${plain(process)} |`)} ${tint(`${mark}${text}`)}`)
    .join("\n");
}
