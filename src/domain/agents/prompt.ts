import type { Change } from "../change.ts";

/** What the coding agent is told: the request, and what people or earlier attempts have to say about it. */
export function codePrompt(change: Change, { isResumed = false }: { readonly isResumed?: boolean } = {}): string {
  const parts =
    change.round === 1 || change.feedback === null
      ? [`Make this change to the repository in the current folder:\n\n${change.requestText}`]
      : [`You made this change:\n\n${change.requestText}`, feedbackPart(change.feedback)];
  if (change.continuations > 0) {
    parts.push(
      "A usage limit interrupted you. What you had done is in the current folder: look at it and go on there.",
    );
  }
  if (isResumed) parts.push(resumedPart);
  for (const { code, text } of change.notices) if (code === "submodule_read_only") parts.push(`Note: ${text}.`);
  if (change.lastFailure !== null) parts.push(failurePart(change, change.lastFailure));
  parts.push(
    "Work on the branch that is checked out. Do not switch branches, push, or merge into other branches unless told to " +
      "above. Keep the change as small as the request allows, follow the repository's own conventions, and run its " +
      "tests if it has some. End with a short summary of what you changed.",
  );
  return parts.join("\n\n");
}

export const resumedPart =
  "Your process was killed in the middle of the work. What you had done is in the current folder: look at it and go on there.";

function feedbackPart(feedback: NonNullable<Change["feedback"]>): string {
  const comments = feedback.comments.map(({ file, line, text }) => {
    const place = file === null ? "" : `${file}${line === null ? "" : `:${line}`}: `;
    return `- ${place}${text}`;
  });
  const said = [feedback.text, ...comments].filter((part) => part.trim() !== "").join("\n");
  return `The person who reviewed it asks for these changes:\n\n${said}`;
}

function failurePart(change: Change, failure: NonNullable<Change["lastFailure"]>): string {
  if (failure.kind === "conflict") {
    return (
      `Merging it failed: ${failure.message}\n\nMerge \`origin/${change.targetBranch}\` into the branch that is ` +
      "checked out, resolve the conflicts so that both sides keep what they meant, and commit the merge."
    );
  }
  if (failure.kind === "rewritten") {
    return (
      `Merging it was refused: ${failure.message}\n\nRebase this branch's own commits onto ` +
      `\`origin/${change.targetBranch}\`: \`git rebase --onto origin/${change.targetBranch} ${change.baseCommit}\`. ` +
      "None of the commits that are named above may be in its history afterwards."
    );
  }
  return (
    `An earlier attempt failed (${failure.kind}): ${failure.message}\n\nWhat it had done is on the branch that is ` +
    "checked out. Go on from there."
  );
}
