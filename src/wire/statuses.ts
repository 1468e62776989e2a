import { z } from "zod";

const oneOrMore = z.union([z.string(), z.array(z.string())]);

/** In a query: statuses, repeated or with commas between. */
export function statusList<Status extends string>(statuses: readonly Status[]) {
  return oneOrMore
    .transform((given) => [given].flat().flatMap((names) => names.split(",")))
    .pipe(z.array(z.enum(statuses, `is none of ${statuses.join(", ")}`)).max(50))
    .optional()
    .meta({
      description: "Repeated, or several with commas between",
      override: ({ jsonSchema }) => {
        delete jsonSchema.anyOf;
        Object.assign(jsonSchema, { type: "array", items: { type: "string", enum: statuses } });
      },
    });
}
