import { RepositoryUrlInvalid } from "../../domain/faults/git.ts";
import { redact } from "../../domain/texts/redact.ts";

const scheme = /^(https?|ssh|git|file):\/\//;
/** `user@host:path`; a second colon would be a transport helper such as `ext::`, which runs commands. */
const scpLike = /^(?:[A-Za-z0-9_.][\w.+-]*@)?(?:[A-Za-z0-9][\w.-]*|\[[0-9A-Fa-f:.]+\]):(?![:-]|\/\/)[^\s]+$/;
const control = /\p{Cc}/u;

/** Gives the address back when git may be handed it. Throws `RepositoryUrlInvalid`. */
export function repositoryUrl(text: string): string {
  if (text === "") throw new RepositoryUrlInvalid("it is empty");
  if (text.length > 2000) throw new RepositoryUrlInvalid("it is longer than 2,000 characters");
  if (control.test(text)) throw new RepositoryUrlInvalid("it contains control characters");
  if (text.startsWith("-")) throw new RepositoryUrlInvalid("it begins with a dash");
  if (text.startsWith("/")) return text;
  if (scheme.test(text)) return schemeUrl(text);
  if (scpLike.test(text)) return text;
  throw new RepositoryUrlInvalid(`"${redact(text.slice(0, 200))}" is none of the known forms`);
}

/** Whether git reaches it by the file system, so that the remote may be somebody's own checkout. */
export function isLocal(url: string): boolean {
  return url.startsWith("/") || url.startsWith("file://");
}

function schemeUrl(text: string): string {
  if (/\s/.test(text)) throw new RepositoryUrlInvalid("a URL has no spaces in it; write %20");
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null) throw new RepositoryUrlInvalid(`"${redact(text.slice(0, 200))}" is not a well-formed URL`);
  if (url.protocol !== "file:" && url.hostname === "") throw new RepositoryUrlInvalid("it names no host");
  // ssh would read such a host or user as an option; git refuses it too, but later and in other words.
  if (url.hostname.startsWith("-") || url.username.startsWith("-")) {
    throw new RepositoryUrlInvalid("its host or user begins with a dash");
  }
  return text;
}
