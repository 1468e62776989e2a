import type { z } from "zod";
import type { ZodOpenApiResponseObject } from "zod-openapi";

/** How an answer is described in OpenAPI. */
export function json(description: string, schema: z.ZodType): ZodOpenApiResponseObject {
  return { description, content: { "application/json": { schema } } };
}

/** The same facts for programs and, where Accept prefers it, as text for people. */
export function jsonOrText(description: string, schema: z.ZodType, type: string): ZodOpenApiResponseObject {
  return { description, content: { "application/json": { schema }, [type]: { schema: { type: "string" } } } };
}

export function location(description: string): { Location: { description: string; schema: { type: "string" } } } {
  return { Location: { description, schema: { type: "string" } } };
}
