/** A repository's address as it may be shown to anybody: without the password or the token that may be in it. */
export function shownRepositoryUrl(url: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(url)) return url;
  if (!URL.canParse(url)) return url.replace(/\/\/[^/]*@/, "//");
  const parsed = new URL(url);
  if (parsed.username === "" && parsed.password === "" && parsed.search === "") return url;
  parsed.password = "";
  parsed.search = "";
  if (/^https?:$/.test(parsed.protocol)) parsed.username = "";
  return parsed.href;
}
