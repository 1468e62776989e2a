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

/** Whether a version such as `0.3.0` comes before another. */
export function isOlder(version: string, other: string): boolean {
  const [its, others] = [version, other].map((text) => text.split(/[.-]/).slice(0, 3).map(Number));
  const differs = [0, 1, 2].find((place) => its?.[place] !== others?.[place]);
  return differs !== undefined && (its?.[differs] ?? 0) < (others?.[differs] ?? 0);
}
