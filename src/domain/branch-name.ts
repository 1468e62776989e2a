const slugLength = 50;

/** `change/<slug of the text>-<end of the id>`: a name git takes for any text, and another one for each change. */
export function branchName(text: string, changeId: string): string {
  const end = changeId.slice(-8).toLowerCase();
  const slug = slugOf(text);
  return slug === "" ? `change/${end}` : `change/${slug}-${end}`;
}

/** Whether git takes it as the name of a branch: the rules of git-check-ref-format(1) with `--branch`. */
export function isBranchName(text: string): boolean {
  if (text === "" || text === "@" || text === "HEAD" || text.length > 200) return false;
  if (text.startsWith("-") || text.endsWith(".")) return false;
  if (text.includes("..") || text.includes("@{") || /[\p{Cc} ~^:?*[\\]/u.test(text)) return false;
  if (!text.isWellFormed()) return false;
  return text.split("/").every((part) => part !== "" && !part.startsWith(".") && !part.endsWith(".lock"));
}

/** ASCII letters and digits with single dashes between; accents are folded, everything else is a dash. */
function slugOf(text: string): string {
  const folded = text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const dashed = folded.replace(/[^a-z0-9]+/g, "-").replace(/^-/, "");
  return dashed.slice(0, slugLength).replace(/-$/, "");
}
