import { type Lifecycle, lifecycles, movesFrom, statusesOf } from "../src/domain/lifecycles.ts";

/** docs/states.md: each lifecycle as a table and as a picture. */
export function statesPage(): string {
  const parts = Object.entries(lifecycles).map(([entity, lifecycle]) => lifecyclePart(entity, lifecycle));
  return `# States

Printed from \`src/domain/lifecycles.ts\` by \`npm run docs\`. \`fairlead migrate\` writes the same tables into
\`fairlead.statuses\`, and one trigger in Postgres holds every row to them. A status with tasks waits for those, one
after the other; one without waits for a person, for room, or for nothing.

${parts.join("\n")}`;
}

function lifecyclePart(entity: string, lifecycle: Lifecycle): string {
  const statuses = statusesOf(lifecycle);
  const rows = statuses.map((status) => {
    const tasks = lifecycle.tasks[status] ?? [];
    const moves = movesFrom(lifecycle, status);
    return `| ${status} | ${list(tasks)} | ${moves.length === 0 ? "final" : moves.join(", ")} |`;
  });
  const finals = statuses.filter((status) => movesFrom(lifecycle, status).length === 0);
  const arrows = [
    `  [*] --> ${lifecycle.initial}`,
    ...lifecycle.moves.map(([from, to]) => `  ${from} --> ${to}`),
    ...finals.map((status) => `  ${status} --> [*]`),
  ];
  return `## ${entity}

| status | tasks | moves to |
|---|---|---|
${rows.join("\n")}

\`\`\`mermaid
stateDiagram-v2
${arrows.join("\n")}
\`\`\`
`;
}

function list(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", then ");
}
