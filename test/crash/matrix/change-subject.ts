import { problems } from "../checks/checks.ts";
import { orderMinutely } from "../minutely.ts";
import { carryOn } from "../person.ts";
import { addWorkspace } from "../sandbox.ts";
import type { Way } from "../ways.ts";
import type { Subject } from "./subject.ts";

export function changeSubject(way: Way): Subject {
  let id = "";
  return {
    async begin(sql, sandbox) {
      await addWorkspace(sql, "shop", sandbox, way);
      const [row] = await sql<{ id: string }[]>`
        insert into fairlead.change_requests (workspace, request_text) values ('shop', ${way}) returning id`;
      id = row?.id ?? "";
      // So that they come in each run.
      await orderMinutely(sql);
    },
    carryOn: async (sql, late) => (await carryOn(sql, [{ id, way }], late)).length === 0,
    problems: (sql, sandbox, ports) => problems(sql, sandbox, { changes: [{ id, way }], ports }),
  };
}
