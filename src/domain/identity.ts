/** Who Fairlead's own commits are by. What an agent commits itself names the agent as well. */
export const fairlead = { name: "Fairlead", email: "fairlead@localhost" } as const;

/** Variables that tell git who commits. It refuses a name that is nothing but punctuation, so such a one becomes ours. */
export function authorVariables(author: { readonly name: string; readonly email: string }): Record<string, string> {
  const name = author.name
    .toWellFormed()
    .replace(/[\p{Cc}<>]+/gu, " ")
    .trim();
  const email = author.email.toWellFormed().replace(/[\p{Cc}<>\s]+/gu, "");
  const known = { name: isSaying(name) ? name : fairlead.name, email: isSaying(email) ? email : fairlead.email };
  return {
    GIT_AUTHOR_NAME: known.name,
    GIT_AUTHOR_EMAIL: known.email,
    GIT_COMMITTER_NAME: known.name,
    GIT_COMMITTER_EMAIL: known.email,
  };
}

/** For a process that may commit where nobody has told git who they are. */
export function committerVariables(agent: string): Record<string, string> {
  return authorVariables({ name: `${fairlead.name} (${agent})`, email: fairlead.email });
}

function isSaying(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text);
}
