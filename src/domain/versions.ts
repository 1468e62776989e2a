/** Whether a version such as `2.39.5` is at least this one. */
export function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [its = 0, minorOfIts = 0] = version.split(".").map(Number);
  return its > major || (its === major && minorOfIts >= minor);
}

/** Whether this git can merge without a checkout, as we do. `GitMissing` names the same version. */
export function isRecentGit(version: string): boolean {
  return isAtLeast(version, [2, 38]);
}

/** The version in what a program says of itself, such as `git version 2.39.5 (Apple Git-154)`. */
export function versionIn(said: string): string | null {
  return /\d+\.\d+(\.\d+)*/.exec(said)?.[0] ?? null;
}
