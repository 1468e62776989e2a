/**
 * Takes credentials out of any text that may hold a URL: a repository's address, or what git prints. Over http the user
 * may be a token, and so may what a query holds; elsewhere the user only says who logs in, as in `ssh://git@host`.
 */
export function redact(text: string): string {
  return (
    text
      .replace(/(\bhttps?:\/\/)[^\s/]*@/gi, "$1")
      // The query is optional in the pattern: else, in a long row of URLs, each match attempt would scan to the end of the row.
      .replace(/(\bhttps?:\/\/[^\s?'"]*)(?:\?[^\s'"]*)?/gi, "$1")
      .replace(/(\b[a-z][a-z0-9+.-]{0,30}:\/\/[^\s/:@]*):[^\s/]*@/gi, "$1@")
  );
}
