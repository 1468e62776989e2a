import type { AgentResults, AgentRole } from "../../domain/agents/agent.ts";
import { parseJson, readReview } from "../../wire/agents/agent-output.ts";
import { linesOf, shorten } from "./lines.ts";

/** What an agent answered: in words, and as data where its CLI says that apart. */
export interface Answer {
  readonly text: string;
  readonly value?: unknown;
}

type Readers = { readonly [Role in AgentRole]: (answer: Answer) => AgentResults[Role] | null };

const readers: Readers = {
  code: ({ text }) => ({ summary: shorten(text.trim(), 10_000) }),
  plan: (answer) => {
    const plan = dataOf(answer);
    return plan === undefined ? null : { plan };
  },
  review: (answer) => readReview(dataOf(answer)),
};

/** The role's result in an answer; `null` when it isn't there. */
export function readAnswer<Role extends AgentRole>(role: Role, answer: Answer): AgentResults[Role] | null {
  return readers[role](answer);
}

/** What an answer should have been, to put into a sentence. */
export const expectedAnswer = {
  code: "a summary",
  plan: "a plan in JSON",
  review: 'JSON with a "verdict" ("approved" or "rejected") and a list of "findings" (file, line, text)',
} as const satisfies Record<AgentRole, string>;

function dataOf({ text, value }: Answer): unknown {
  return value ?? jsonIn(text);
}

/** Agents put JSON into a fence, after an introduction or on their last line, whatever they were told. */
function jsonIn(text: string): unknown {
  const braced = text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1);
  const candidates = [text, linesOf(text).at(-1), fencedIn(text), braced];
  return candidates.map((candidate) => parseJson(candidate ?? "")).find((value) => value !== undefined);
}

/** The text between the first code fence and the next. In two steps: one pattern for both takes seconds on 3,000 line breaks. */
function fencedIn(text: string): string | undefined {
  const opening = /```(?:json)?[ \t\r]*\n/.exec(text);
  if (opening === null) return undefined;
  const rest = text.slice(opening.index + opening[0].length);
  const closing = /\n[ \t]*```/.exec(rest);
  return closing === null ? undefined : rest.slice(0, closing.index);
}
