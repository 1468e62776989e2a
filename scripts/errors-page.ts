import { exitCodeHelp, exitCodeOf } from "../src/cli/screen/exit-codes.ts";
import { statusOf } from "../src/http/border/problem.ts";
import { type CataloguedFault, faultCatalogue } from "./fault-catalogue.ts";

/** docs/errors.md: every error that Fairlead foresees, with what to do about it. */
export async function errorsPage(): Promise<string> {
  const faults = await faultCatalogue();
  const topics = [...new Set(faults.map(({ topic }) => topic))];
  const parts = topics.map((topic) => topicPart(topic, faults));
  return `# Errors

Printed from \`src/domain/faults/\` by \`npm run docs\`. An error has a code that never changes, a kind, and a message
that says what to do; \`…\` stands for what differs from time to time. The API answers with RFC 9457 problem details,
whose \`code\` it is; the command line prints it behind the message, or with \`--json\` as \`{"error": …}\`. Two codes
come from no table here: \`USAGE\`, for a command line that is not understood (exit code 2), and \`INTERNAL\` on the
command line, for what was not foreseen (exit code 1).

Why a change failed is its \`failure_kind\` and \`failure_message\`, not one of these codes: see [sql.md](sql.md).

\`\`\`
${exitCodeHelp.trim()}
\`\`\`

${parts.join("\n")}`;
}

function topicPart(topic: string, faults: readonly CataloguedFault[]): string {
  const rows = faults.filter((fault) => fault.topic === topic).map(row);
  return `## ${topic}

| code | kind | HTTP | exit | what it says |
|---|---|---|---|---|
${rows.join("\n")}
`;
}

function row({ fault, comment }: CataloguedFault): string {
  const cells = [
    `\`${fault.code}\``,
    fault.kind,
    statusOf(fault),
    exitCodeOf(fault.kind),
    saying(fault.message, comment),
  ];
  return `| ${cells.join(" | ")} |`;
}

/** The message; for a fault whose message is made where it is raised, what stands above its class. */
function saying(message: string, comment: string): string {
  const text = /[a-z]/i.test(message) ? message.replaceAll("NaN", "…") : comment;
  return text
    .replace(/\s*\n\s*/g, " ")
    .replaceAll("|", "\\|")
    .replaceAll("<", "&lt;");
}
