import { fileURLToPath } from "node:url";

/**
 * Settings of all our calls of git, which override those of the user, the machine and the repository: output that we parse has to
 * be the same everywhere, and no program that a repository names may run. In the order of git-config(1).
 */
const settings: Readonly<Record<string, string>> = {
  "color.ui": "false",
  "commit.gpgSign": "false",
  "core.attributesFile": "/dev/null",
  "core.commentChar": "#",
  "core.editor": "true",
  "core.excludesFile": "/dev/null",
  "core.fsmonitor": "false",
  "core.hooksPath": "/dev/null",
  "core.logAllRefUpdates": "true",
  "core.pager": "cat",
  "core.quotePath": "false",
  "diff.algorithm": "default",
  "diff.context": "3",
  "diff.ignoreSubmodules": "none",
  "diff.interHunkContext": "0",
  "diff.mnemonicPrefix": "false",
  "diff.noprefix": "false",
  "diff.relative": "false",
  "diff.renameLimit": "1000",
  "diff.renames": "true",
  "diff.submodule": "short",
  "diff.suppressBlankEmpty": "false",
  "fetch.prune": "false",
  "fetch.pruneTags": "false",
  "fetch.recurseSubmodules": "false",
  "i18n.commitEncoding": "UTF-8",
  "i18n.logOutputEncoding": "UTF-8",
  "log.decorate": "false",
  "log.follow": "false",
  "log.mailmap": "false",
  "log.showSignature": "false",
  "merge.conflictStyle": "merge",
  "merge.directoryRenames": "conflict",
  "merge.ff": "true",
  "merge.renames": "true",
  "merge.renormalize": "false",
  "protocol.version": "2",
  "push.followTags": "false",
  "push.gpgSign": "false",
  "push.pushOption": "",
  "push.recurseSubmodules": "no",
  "push.useForceIfIncludes": "false",
  "rerere.enabled": "false",
  "sequence.editor": "true",
  "submodule.recurse": "false",
  "tag.gpgSign": "false",
  "transfer.credentialsInUrl": "allow",
  // A user may have set it to `explicit`; our mirrors are bare, and named by --git-dir in each call.
  "safe.bareRepository": "all",
};

/** The settings above as arguments that go before git's command. */
export const fixedSettings: readonly string[] = asArguments(settings);

export function asArguments(given: Readonly<Record<string, string>>): string[] {
  return Object.entries(given).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
}

/** Variables of all our calls of git: English output, no prompts, no attributes of the machine's. */
export const fixedVariables: Readonly<Record<string, string>> = {
  LC_ALL: "C",
  GIT_TERMINAL_PROMPT: "0",
  GCM_INTERACTIVE: "never",
  GIT_ATTR_NOSYSTEM: "1",
  GIT_EDITOR: "true",
  GIT_PAGER: "cat",
  // A partial clone would fetch missing objects from wherever its configuration says.
  GIT_NO_LAZY_FETCH: "1",
};

/** Further variables of a git that talks to no remote: it reads only its repository's configuration, and ours. */
export const localVariables: Readonly<Record<string, string>> = {
  GIT_CONFIG_GLOBAL: fileURLToPath(new URL("global.gitconfig", import.meta.url)),
  GIT_CONFIG_SYSTEM: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  // No protocol at all.
  GIT_ALLOW_PROTOCOL: "none",
};
