import { z } from "zod";

/** Text of a person's, of at most so many characters as Postgres counts them, and nothing that it can't store. */
export function text(max: number) {
  return z
    .string()
    .refine((value) => !value.includes("\0"), "has a NUL byte in it: take it out")
    .refine((value) => value.isWellFormed(), "is not well-formed Unicode")
    .refine((value) => lengthOf(value) <= max, `is longer than ${max} characters`)
    .meta({ maxLength: max });
}

/** The same, and it has to say something. */
export function someText(max: number) {
  return text(max)
    .refine((value) => /\S/.test(value), "is empty")
    .meta({ minLength: 1, maxLength: max });
}

/** A list's length, of at most 250. */
export const listLimit = z.coerce.number().int().min(1).max(250).default(50);

export const timestamp = z.iso.datetime().meta({ description: "UTC", example: "2026-11-21T08:15:00.000Z" });

export function iso(at: Date): string {
  return at.toISOString();
}

export function isoOrNull(at: Date | null): string | null {
  return at?.toISOString() ?? null;
}

function lengthOf(value: string): number {
  let characters = 0;
  for (const _ of value) characters += 1;
  return characters;
}
