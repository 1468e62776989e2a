import { delimiter } from "node:path";

/**
 * The server's own variables that a process in an environment gets, and no others; docs/decisions.md gives the reasons.
 * SSH_AUTH_SOCK is added at each start where the workspace allows it.
 */
const allowed = new Set([
  ...["HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TERM", "COLORTERM"],
  // Reaching the network the way this machine must: proxies, also with their passwords, and own certificate authorities.
  ...["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy"],
  ...["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR"],
  // Where package managers and version managers keep their things: without these each change downloads it all again.
  ...["npm_config_cache", "NPM_CONFIG_CACHE", "COREPACK_HOME", "PNPM_HOME", "BUN_INSTALL"],
  ...["NVM_DIR", "VOLTA_HOME", "ASDF_DATA_DIR", "MISE_DATA_DIR", "PYENV_ROOT", "RBENV_ROOT"],
  // Without XDG_RUNTIME_DIR: it has the sockets of the session's bus, its keyring and its SSH agent.
  ...["XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"],
]);

/**
 * The allow-listed part of the server's variables.
 *
 * PATH loses what npm put before it when it started the server. An app whose own `vite` is missing would otherwise find
 * ours, and one that needs the machine's node would get the server's. The machine's node is what the repository's people
 * run, so it comes first even where it is older than ours; `nodeDirectory` goes last, for machines that have no other.
 */
export function allowedVariables(server: NodeJS.ProcessEnv, nodeDirectory: string): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(server)) {
    if (value !== undefined && (allowed.has(name) || name.startsWith("LC_"))) variables[name] = value;
  }
  const path = (server.PATH ?? "/usr/local/bin:/usr/bin:/bin").split(delimiter);
  variables.PATH = [...path.filter((folder) => folder !== "" && !isNpmsOwn(folder)), nodeDirectory].join(delimiter);
  return variables;
}

const isNpmsOwn = (folder: string): boolean => /[\\/](node_modules[\\/]\.bin|node-gyp-bin)[\\/]?$/.test(folder);
