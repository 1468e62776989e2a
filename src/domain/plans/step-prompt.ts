import { resumedPart } from "../agents/prompt.ts";
import type { AgentStep } from "./plan.ts";
import type { SentBack } from "./run.ts";

/** The prompt of an agent in a step of a plan: the plan's own text, and the findings of the review that sent it back. */
export function stepPrompt(
  spec: AgentStep,
  feedback: SentBack | null,
  { isResumed }: { readonly isResumed: boolean },
): string {
  const parts = [spec.prompt];
  if (isResumed) parts.push(resumedPart);
  if (feedback !== null) {
    const found = findingLines(feedback.findings);
    parts.push(`The last round was looked at, and sent back:\n\n${found || "nothing more was said about it"}`);
  }
  if (spec.role === "code") {
    parts.push(
      "Work on what is checked out in the current folder, and commit your work there. Do not switch branches, push, or " +
        "merge unless told to above. End with a short summary of what you changed.",
    );
  }
  return parts.join("\n\n");
}

/** The findings are our own JSON, as a review's outputs have it. */
function findingLines(findings: string | null): string {
  const found = JSON.parse(findings ?? "[]") as { file: string | null; line: number | null; text: string }[];
  return found
    .map(({ file, line, text }) => `- ${file === null ? "" : `${file}${line === null ? "" : `:${line}`}: `}${text}`)
    .join("\n");
}
