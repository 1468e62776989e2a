import { stat } from "node:fs/promises";
import { needPlan } from "../../actions/runs/need-plan.ts";
import { PlanInvalid } from "../../domain/faults/plans.ts";
import type { Plan, PlanProblem } from "../../domain/plans/plan.ts";
import { planId } from "../../wire/ids.ts";
import { parsePlanText } from "../../wire/plans/plan.ts";
import { type Cli, withAssembly } from "../cli.ts";
import { readText } from "../read-text.ts";
import { plain } from "../screen/plain.ts";
import type { Screen } from "../screen/screen.ts";

/** As large as a plan file may be. */
const limitBytes = 8 * 1024 * 1024;

/** Of a plan in a file nothing has to be known already. */
export type PlanSource = { readonly plan: Plan } | { readonly planId: string };

/** For help texts. */
export const planArgument = "a plan file, - for standard input, or the id of a plan that was added";

/** What is meant by a file's name or a plan's id. A file that has no suffix goes before a plan of that name. */
export async function planSource(screen: Screen, given: string): Promise<PlanSource> {
  const isId = planId.safeParse(given).success && (await stat(given).catch(() => null))?.isFile() !== true;
  return isId ? { planId: given } : { plan: await planInFile(screen, given) };
}

/** The plan itself; asks the database only for one that is not in a file. */
export async function givenPlan(cli: Cli, screen: Screen, given: string): Promise<Plan> {
  const source = await planSource(screen, given);
  if ("plan" in source) return source.plan;
  return await withAssembly(cli.open, async ({ services }) => (await needPlan(services, source.planId)).document);
}

/** Throws `PlanInvalid`, when people have been told of everything that is wrong. */
export async function planInFile(screen: Screen, file: string): Promise<Plan> {
  try {
    return parsePlanText(await readText(file, limitBytes));
  } catch (error) {
    if (error instanceof PlanInvalid) for (const problem of unsaid(error)) screen.remark(problemLine(problem));
    throw error;
  }
}

/** The plan in a file, or what is wrong with it. */
export async function checkFile(file: string): Promise<{ plan: Plan } | { problems: readonly PlanProblem[] }> {
  try {
    return { plan: parsePlanText(await readText(file, limitBytes)) };
  } catch (error) {
    if (error instanceof PlanInvalid) return { problems: problemsOf(error) };
    throw error;
  }
}

/** `steps[3].depends_on[0]: there is no step "x" (did you mean "y"?)` */
export function problemLine({ path, message, hint }: PlanProblem): string {
  return plain(`${path === "" ? "" : `${path}: `}${message}${hint === null ? "" : ` (${hint})`}`);
}

/** The fault's own sentence has the first three. */
function unsaid(fault: PlanInvalid): readonly PlanProblem[] {
  const problems = problemsOf(fault);
  return problems.length > 3 ? problems : [];
}

function problemsOf({ details }: PlanInvalid): readonly PlanProblem[] {
  return details.problems as readonly PlanProblem[]; // its constructor puts them there
}
