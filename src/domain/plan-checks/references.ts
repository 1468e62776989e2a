import type { Place } from "../place.ts";
import { type OutputSource, outputNames } from "../plans/output-names.ts";
import type { PlanSketch, StepSketch } from "../plans/plan-sketch.ts";
import type { StepGraph } from "../plans/step-graph.ts";
import type { PlacedText } from "../plans/step-texts.ts";
import { type Reference, readTemplate } from "../plans/template.ts";
import { nearest } from "../texts/nearest.ts";
import { didYouMean, type Found, listed, quoted } from "./found.ts";
import { notUpstream } from "./upstream.ts";

type OutputReference = Extract<Reference, { kind: "output" }>;

/** What is malformed in texts, and variables that there are not. */
export function* templateProblems({ variables, texts, steps }: PlanSketch): Generator<Found> {
  const names = variables?.map(({ name }) => name) ?? [null];
  const declared = names.includes(null) ? null : new Set(names.filter((name) => name !== null));
  for (const { place, text } of [texts, ...steps.map((step) => step.texts)].flat()) {
    const { references, malformed } = readTemplate(text);
    for (const { text: part, closed } of malformed) {
      yield closed ? { place, ...misspelt(part) } : { place, ...unclosed };
    }
    for (const reference of references) {
      if (reference.kind !== "variable" || declared === null || declared.has(reference.name)) continue;
      const shellHint = `declare it in "variables", or write "$\${${reference.name}}" for a shell to read`;
      const hint = didYouMean(nearest(reference.name, declared)) ?? shellHint;
      yield { place, message: `there is no variable ${quoted(reference.name)}`, hint };
    }
  }
}

const unclosed = {
  message: `a "\${" has no "}"`,
  hint: `close it, or write "$\${" for a dollar and a brace`,
};

function misspelt(part: string): Omit<Found, "place"> {
  return {
    message: `${quoted(part)} means nothing`,
    hint: `say \${NAME}, \${steps.<id>.outputs.<name>}, \${run.id} or \${run.folder}; or "$\${" for a dollar and a brace`,
  };
}

/** Outputs that there are not, or not yet when they are asked for. */
export function* outputProblems({ texts, steps }: PlanSketch, graph: StepGraph): Generator<Found> {
  for (const { place, reference } of outputsIn(texts)) {
    const message = `globals can't use ${quoted(referenceText(reference))}: no step has run yet`;
    yield { place, message, hint: "use it in the steps that need it" };
  }
  const uses: { by: number; of: number; place: Place; reference: OutputReference }[] = [];
  for (const [by, step] of steps.entries()) {
    for (const { place, reference } of outputsIn(step.texts)) {
      const of = graph.placeOf.get(reference.step);
      const problem = outputProblem(reference, of === undefined ? undefined : steps[of], graph);
      if (problem !== null) yield { place, ...problem };
      if (of === by) yield { place, message: "a step can't use outputs of its own", hint: "take it out" };
      else if (of !== undefined) uses.push({ by, of, place, reference });
    }
  }
  const tooEarly = notUpstream(uses, graph);
  const turned = tooEarly.map((use) => ({ by: use.of, of: use.by, use }));
  const independent = new Set(notUpstream(turned, graph).map(({ use }) => use));
  for (const use of tooEarly) {
    const id = quoted(use.reference.step);
    yield independent.has(use)
      ? { place: use.place, message: `step ${id} need not have run before this one`, hint: `add ${id} to depends_on` }
      : { place: use.place, message: `step ${id} comes after this one`, hint: "use what is there before it" };
  }
}

function* outputsIn(texts: readonly PlacedText[]): Generator<{ place: Place; reference: OutputReference }> {
  for (const { place, text } of texts) {
    for (const reference of readTemplate(text).references) {
      if (reference.kind === "output") yield { place, reference };
    }
  }
}

function outputProblem(
  { step: id, name }: OutputReference,
  step: StepSketch | undefined,
  { placeOf }: StepGraph,
): Omit<Found, "place"> | null {
  if (step === undefined) {
    const hint = didYouMean(nearest(id, placeOf.keys())) ?? "name a step that this one depends on";
    return { message: `there is no step ${quoted(id)}`, hint };
  }
  if (step.source === null) return null;
  const names = outputNames(step.source);
  if (names.includes(name)) return null;
  const hint = didYouMean(nearest(name, names)) ?? outputHint(step.source, name, names);
  return { message: `step ${quoted(id)} has no output ${quoted(name)}`, hint };
}

function outputHint(source: OutputSource, name: string, names: readonly string[]): string {
  if (source.kind === "command") return `add ${quoted(name)} to its outputs`;
  return names.length === 0 ? "it has none" : `it has ${listed(names)}`;
}

function referenceText({ step, name }: OutputReference): string {
  return `\${steps.${step}.outputs.${name}}`;
}
