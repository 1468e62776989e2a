import type { AgentResults, AgentRole } from "../../domain/agent.ts";
import { parseJson, readReview } from "../../wire/agent-output.ts";
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
  const fenced = text.match(/```(?:json)?\s*\n([\s\S]*?)\n\s*```/)?.[1];
  const braced = text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1);
  const candidates = [text, linesOf(text).at(-1), fenced, braced];
  return candidates.map((candidate) => parseJson(candidate ?? "")).find((value) => value !== undefined);
}
