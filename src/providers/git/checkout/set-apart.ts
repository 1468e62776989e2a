import type { Environment } from "../../environments/port.ts";
import { gitOutputIn } from "../calls/checkout-git.ts";

const excludeFile = ".git/info/exclude";

/**
 * Keeps what the setup command made out of the change: new files that no .gitignore names are ignored in this checkout,
 * and files of the repository that it touched are as they were. Repeatable.
 */
export async function setApart(environment: Environment): Promise<void> {
  const args = ["ls-files", "--others", "--exclude-standard", "--directory", "--no-empty-directory", "-z"];
  const made = (await gitOutputIn(environment, args)).split("\0").filter((path) => path !== "" && !path.includes("\n"));
  if (made.length > 0) {
    const known = (await environment.readFile(excludeFile)) ?? "";
    await environment.writeFile(excludeFile, `${known}${made.map((path) => `/${literally(path)}\n`).join("")}`);
  }
  await gitOutputIn(environment, ["checkout", "--quiet", "--force", "HEAD", "--", "."]);
}

/** A path as a pattern that matches it alone. */
function literally(path: string): string {
  return path.replaceAll(/[\\*?[\]!#]/g, "\\$&").replace(/ +$/, (spaces) => "\\ ".repeat(spaces.length));
}
