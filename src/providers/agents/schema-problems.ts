import { Ajv2020 } from "ajv/dist/2020.js";

/** What of an agent's answer does not fit the JSON Schema that was asked for; the first few, in words. */
export function schemaProblems(schema: Readonly<Record<string, unknown>>, answer: unknown): string[] {
  // Formats and keywords that it doesn't know are no reason to refuse an answer.
  const ajv = new Ajv2020({ allErrors: true, strict: false, validateFormats: false, logger: false });
  const { $schema: _, ...withoutDialect } = schema;
  let check: ReturnType<typeof ajv.compile>;
  try {
    check = ajv.compile(withoutDialect);
  } catch (error) {
    return [`the plan's own \`schema\` is no JSON Schema: ${error instanceof Error ? error.message : String(error)}`];
  }
  if (check(answer)) return [];
  return (check.errors ?? []).slice(0, 5).map(({ instancePath, message }) => `${instancePath || "it"} ${message}`);
}
