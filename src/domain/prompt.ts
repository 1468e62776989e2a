import type { Change } from "./change.ts";

/** What the coding agent is told: the request, and what people or earlier attempts have to say about it. */
export function codePrompt(change: Change): string {
  const parts =
    change.round === 1 || change.feedback === null
      ? [`Make this change to the repository in the current folder:\n\n${change.requestText}`]
      : [`You made this change:\n\n${change.requestText}`, feedbackPart(change.feedback)];
  if (change.continuations > 0) {
    parts.push(
      "A usage limit interrupted you. What you had done is in the current folder: look at it and go on there.",
    );
  }
  if (change.lastFailure !== null) parts.push(failurePart(change, change.lastFailure));
  parts.push(
    "Work on the branch that is checked out. Do not switch branches, push, or merge into other branches unless told to " +
      "above. Keep the change as small as the request allows, follow the repository's own conventions, and run its " +
      "tests if it has some. End with a short summary of what you changed.",
  );
  return parts.join("\n\n");
}

function feedbackPart(feedback: NonNullable<Change["feedback"]>): string {
  const comments = feedback.comments.map(({ file, line, text }) => {
    const place = file === null ? "" : `${file}${line === null ? "" : `:${line}`}: `;
    return `- ${place}${text}`;
  });
  const said = [feedback.text, ...comments].filter((part) => part.trim() !== "").join("\n");
  return `Whoever reviewed it asks for these changes:\n\n${said}`;
}

function failurePart(change: Change, failure: NonNullable<Change["lastFailure"]>): string {
  if (failure.kind === "conflict") {
    return (
      `Merging it failed: ${failure.message}\n\nMerge \`origin/${change.targetBranch}\` into the branch that is ` +
      "checked out, resolve the conflicts so that both sides keep what they meant, and commit the merge."
    );
  }
  return (
    `An earlier attempt failed (${failure.kind}): ${failure.message}\n\nWhat it had done is on the branch that is ` +
    "checked out. Go on from there."
  );
}
