import { redact } from "../../../domain/texts/redact.ts";

/** The reason for which git failed, in one line without credentials. */
export function complaint(result: {
  readonly stderr: string;
  readonly timedOut?: boolean;
  readonly stalled?: boolean;
}): string {
  if (result.stalled) return "it stopped sending in the middle of the transfer";
  if (result.timedOut) return "it did not answer in time";
  const lines = redact(result.stderr)
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !boilerplate.test(line));
  // On a full disk, the last line does not say so; an earlier one does.
  const full = lines.find((text) => /no space left on device|disk quota exceeded/i.test(text));
  const errors = lines.filter((text) => /^(fatal|error|remote: (fatal|error)):/i.test(text));
  const line = full ?? errors.findLast((text) => !consequence.test(text)) ?? errors.at(-1) ?? lines.at(-1);
  return (line ?? "it gave no reason").replace(/^(remote: )?(fatal|error): /i, "").replace(/\.$/, "");
}

/** What git adds after the error that ended a transfer. */
const consequence =
  /^(fatal|error): (the remote end hung up|early EOF|index-pack failed|unpack-objects failed|fetch-pack: |fetch failed|protocol error|unexpected disconnect|failed to push some refs)/i;

const boilerplate =
  /^(fatal: Could not read from remote repository|Please make sure you have the correct access|and the repository exists)/;
