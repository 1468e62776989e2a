import { z } from "zod";

/** What is wrong in one place of a request: `body.request_text`, `query.limit`. */
const requestIssue = z.object({ path: z.string(), message: z.string() });

/** RFC 9457. Besides these it carries the facts that go with its code, such as `current_status`. */
export const problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: "What is wrong, and what to do about it" }),
    code: z.string().meta({ description: "Stable: programs go by it", example: "MOVE_ILLEGAL" }),
    errors: z.array(requestIssue).optional(),
  })
  .meta({ id: "Problem" });
