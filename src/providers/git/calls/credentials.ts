/** An address without its credentials, for arguments, which every user of the machine can read; and the credentials. */
export interface Address {
  readonly url: string;
  readonly login: Login | null;
}

interface Login {
  /** Scheme, host and port: git sends the login only there. */
  readonly scope: string;
  readonly username: string;
  /** Null where the address names a user and no password. */
  readonly password: string | null;
}

/** Takes user and password out of an http address; over ssh, the user only says who logs in, and stays. */
export function addressOf(url: string): Address {
  const [, scheme, login, rest] = /^(https?:\/\/)([^/?#]*)@([^?#]*.*)$/is.exec(url) ?? [];
  if (scheme === undefined || login === undefined || rest === undefined) return { url, login: null };
  const [, username = "", colon, password = ""] = /^([^:]*)(:?)(.*)$/s.exec(login) ?? [];
  const host = rest.split("/", 1)[0] ?? "";
  return {
    url: `${scheme}${rest}`,
    login: {
      scope: `${scheme}${host}`,
      username: decoded(username),
      password: colon === "" ? null : decoded(password),
    },
  };
}

/**
 * Variables by which git logs in with the credentials of an address: configuration for that scheme, host and port alone, whose
 * helper reads two more variables. `variables` are git's other variables, which may hold configuration of the user's.
 */
export function loginVariables(
  { login }: Address,
  variables: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  if (login === null) return {};
  const { scope, username, password } = login;
  if (password === null) return addedConfiguration(variables, [[`credential.${scope}.username`, username]]);
  return {
    FAIRLEAD_GIT_USERNAME: username,
    FAIRLEAD_GIT_PASSWORD: password,
    ...addedConfiguration(variables, [
      // An empty value removes all helpers before it.
      [`credential.${scope}.helper`, ""],
      [`credential.${scope}.helper`, helper],
    ]),
  };
}

/** git runs it in a shell. The secrets are in variables, not in an argument. */
const helper =
  '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" "$FAIRLEAD_GIT_USERNAME" "$FAIRLEAD_GIT_PASSWORD"; }; f';

function addedConfiguration(
  variables: Readonly<Record<string, string | undefined>>,
  entries: readonly (readonly [key: string, value: string])[],
): Record<string, string> {
  const count = Number.parseInt(variables.GIT_CONFIG_COUNT ?? "0", 10) || 0;
  const added = entries.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${count + index}`, key],
    [`GIT_CONFIG_VALUE_${count + index}`, value],
  ]);
  return { GIT_CONFIG_COUNT: String(count + entries.length), ...Object.fromEntries(added) };
}

/** Invalid percent-encoding is kept as it is, and so are control characters: git reads the answer line by line. */
function decoded(text: string): string {
  try {
    const plain = decodeURIComponent(text);
    return /\p{Cc}/u.test(plain) ? text : plain;
  } catch {
    return text;
  }
}
