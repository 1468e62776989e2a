/** Whether a request's path goes through a name that begins with a dot, however it is spelled. */
export function isHidden(url: string): boolean {
  const [path = ""] = url.split("?", 1);
  return [path, decoded(path)].some((spelled) => /[/\\]\.(?!well-known(?:\/|$))/.test(spelled));
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // Whoever serves the file can't decode it either, and takes it as it is.
    return path;
  }
}
