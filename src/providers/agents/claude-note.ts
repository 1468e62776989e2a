import { type ClaudeLine, parseJson, readClaudeLine } from "../../wire/agents/agent-output.ts";
import { shorten } from "./lines.ts";
import type { AgentNote } from "./port.ts";

type LineOf<Type extends ClaudeLine["type"]> = Extract<ClaudeLine, { type: Type }>;
type Block = LineOf<"assistant">["message"]["content"][number];

/** What a person who watches Claude Code wants to see of a line. */
export function claudeNote(line: string): AgentNote | null {
  const plain = line.trim();
  // A broken line of JSON says nothing to a person either.
  if (plain === "") return null;
  if (!plain.startsWith("{")) return typeof parseJson(plain) === "object" ? null : text(plain);
  const known = readClaudeLine(plain);
  if (known?.type === "assistant") return assistantNote(known);
  if (known?.type === "system") return systemNote(known);
  if (known?.type === "rate_limit_event") return limitNote(known);
  return null;
}

function assistantNote({ message, is_api_error_message }: LineOf<"assistant">): AgentNote | null {
  const notes = message.content.map(blockNote).filter((note) => note !== null);
  const [first] = notes;
  if (first === undefined) return null;
  const kind = is_api_error_message ? "warning" : first.kind;
  return { kind, text: shorten(notes.map((note) => note.text).join("\n"), 4_000) };
}

function blockNote(block: Block): AgentNote | null {
  if (block.type === "text" && block.text?.trim()) return text(block.text.trim());
  if (block.type === "tool_use" && block.name !== null)
    return { kind: "tool", text: toolText(block.name, block.input) };
  return null;
}

/** "Write hello.txt", "Bash npm test", "Grep spinner": the tool and the input that says most. */
function toolText(name: string, input: Readonly<Record<string, unknown>>): string {
  const file = input.file_path ?? input.notebook_path;
  if (typeof file === "string") return `${name} ${file.split("/").at(-1)}`;
  const telling = [input.command, input.pattern, input.url, input.query, input.description];
  const said = telling.find((value) => typeof value === "string");
  return said === undefined ? name : `${name} ${shorten(inOneLine(said), 200)}`;
}

function inOneLine(said: string): string {
  const lines = said.split("\n").map((line) => line.trim());
  return lines.filter((line) => line !== "").join(" ");
}

function systemNote(line: LineOf<"system">): AgentNote | null {
  if (line.subtype === "permission_denied") {
    return { kind: "warning", text: `The tool ${line.tool_name ?? "it asked for"} was not permitted` };
  }
  if (line.subtype !== "api_retry") return null;
  const answer = [line.error_status, line.error?.replaceAll("_", " ")].filter((part) => part != null).join(" ");
  const seconds = ((line.retry_delay_ms ?? 0) / 1_000).toFixed(1);
  const attempt = `attempt ${line.attempt ?? "?"} of ${line.max_retries ?? "?"} in ${seconds} s`;
  return { kind: "warning", text: `The model provider answered ${answer || "with an error"}: ${attempt}` };
}

function limitNote({ rate_limit_info: limit }: LineOf<"rate_limit_event">): AgentNote | null {
  if (limit.status === "allowed") return null;
  const name = limit.rateLimitType === null ? "usage limit" : `${limit.rateLimitType.replaceAll("_", "-")} limit`;
  const until = limit.resetsAt === null ? "" : `; it resets at ${new Date(limit.resetsAt * 1_000).toISOString()}`;
  const state = limit.status === "rejected" ? "is used up" : "is nearly used up";
  return { kind: "limit", text: `The account's ${name} ${state}${until}` };
}

function text(said: string): AgentNote {
  return { kind: "text", text: shorten(said, 4_000) };
}
