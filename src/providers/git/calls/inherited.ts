/** The server's variables that every git gets. */
const everywhere = /^(PATH|HOME|USER|LOGNAME|TMPDIR|LANG|XDG_.*|GIT_EXEC_PATH)$/;

/**
 * Those that a git which talks to a remote gets besides: how the user reaches remotes and logs in, also through credential
 * helpers (of gh, glab, the clouds, pass and the desktop's keyring).
 */
const forRemotes = new RegExp(
  `^(${[
    "GIT_(ASKPASS|SSH|SSH_COMMAND|SSH_VARIANT|SSL_.*|PROXY_.*|HTTP_.*)",
    "GIT_CONFIG(_COUNT|_KEY_\\d+|_VALUE_\\d+|_PARAMETERS|_GLOBAL|_SYSTEM|_NOSYSTEM)",
    "GIT_LFS_.*|GCM_.*|SSH_.*|SSL_CERT_.*|CURL_CA_BUNDLE|KRB5.*|https?_proxy|no_proxy|all_proxy",
    "GH_.*|GITHUB_TOKEN|GITLAB_.*|GLAB_.*|BITBUCKET_.*|AWS_.*|AZURE_.*|GOOGLE_.*|CLOUDSDK_.*",
    "GNUPGHOME|PASSWORD_STORE_.*|DBUS_SESSION_BUS_ADDRESS|DISPLAY|WAYLAND_DISPLAY",
  ].join("|")})$`,
  "i",
);

/** These change what git-lfs does, not how it reaches a remote, so the user's values are not passed on. */
const ours = /^GIT_LFS_(SKIP_SMUDGE|SKIP_PUSH|SET_LOCKABLE_READONLY)$/;

export function localEnvironment(from: NodeJS.ProcessEnv): Record<string, string> {
  return pick(from, (name) => everywhere.test(name));
}

export function remoteEnvironment(from: NodeJS.ProcessEnv): Record<string, string> {
  return pick(from, (name) => (everywhere.test(name) || forRemotes.test(name)) && !ours.test(name));
}

function pick(from: NodeJS.ProcessEnv, isWanted: (name: string) => boolean): Record<string, string> {
  return Object.fromEntries(
    Object.entries(from).flatMap(([name, value]) => (value !== undefined && isWanted(name) ? [[name, value]] : [])),
  );
}
