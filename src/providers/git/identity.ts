/** Variables that say who wrote a commit. git refuses a name that is nothing but punctuation. */
export function identity(author: { readonly name: string; readonly email: string }): Record<string, string> {
  const name = author.name
    .toWellFormed()
    .replace(/[\p{Cc}<>]+/gu, " ")
    .trim();
  const email = author.email.toWellFormed().replace(/[\p{Cc}<>\s]+/gu, "");
  const known = {
    name: /[\p{L}\p{N}]/u.test(name) ? name : "Fairlead",
    email: /[\p{L}\p{N}]/u.test(email) ? email : "fairlead@localhost",
  };
  return {
    GIT_AUTHOR_NAME: known.name,
    GIT_AUTHOR_EMAIL: known.email,
    GIT_COMMITTER_NAME: known.name,
    GIT_COMMITTER_EMAIL: known.email,
  };
}
