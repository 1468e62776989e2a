// By which names and addresses a server may be asked. A page of another site can make a browser send requests to this
// machine, under that site's own name (DNS rebinding) or from that site's origin: both are refused.

/** A name or an address with a port, as a Host header has it. */
export interface Host {
  /** In lower case; an IPv6 address in brackets and in its shortest form. */
  readonly name: string;
  /** Null where it is left out: then it is the scheme's own. */
  readonly port: number | null;
}

/** Parses a Host header, such as `LOCALHOST:4711` or `[::1]:4711`; `null` when it is not a host. */
export function parseHost(text: string): Host | null {
  const [, name, port] = /^([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (name === undefined) return null;
  // A browser normalizes 127.1 and 0x7f000001 to 127.0.0.1 before it sends them; other clients send them as they are.
  const url = URL.parse(`http://${name}/`);
  if (url === null || Number(port ?? 0) > 65_535) return null;
  // A name with a dot at its end is the same name.
  return { name: url.hostname.replace(/\.$/, ""), port: port === undefined ? null : Number(port) };
}

/** What a server answers for: the local end of the request's connection, and the names that are configured. */
export interface ServedAs {
  /** As the socket has it, without brackets. */
  readonly address: string;
  readonly port: number;
  /** Names that are configured. One without a port is valid with any port, because a proxy has ports of its own. */
  readonly names: readonly Host[];
}

/** Whether a server is served as a host: by a name that is configured, on loopback, or by the socket's own address. */
export function isServedAs(host: Host, { address, port, names }: ServedAs): boolean {
  if (names.some((known) => isNamed(host, known))) return true;
  if ((host.port ?? httpPort) !== port) return false;
  return host.name === "localhost" || isLoopback(host.name) || host.name === nameOfAddress(address);
}

/** Whether the page that made a request is one of the server's own. `origin` is the header's text. */
export function isOwnOrigin(origin: string, host: Host | null, names: readonly Host[]): boolean {
  const [, scheme, rest = ""] = /^(https?):\/\/(.*)$/i.exec(origin) ?? [];
  const page = parseHost(rest);
  if (scheme === undefined || page === null) return false;
  const usual = scheme.toLowerCase() === "https" ? 443 : httpPort;
  const own = { ...page, port: page.port ?? usual };
  if (host !== null && own.name === host.name && own.port === (host.port ?? usual)) return true;
  return names.some((known) => isNamed(own, known));
}

const httpPort = 80;

function isNamed(host: Host, known: Host): boolean {
  return host.name === known.name && (known.port === null || known.port === (host.port ?? httpPort));
}

function isLoopback(name: string): boolean {
  return name === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(name);
}

/** An address of a socket as a name; an IPv4 address in an IPv6 socket is one of IPv4. */
function nameOfAddress(address: string): string | null {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "");
  return parseHost(plain.includes(":") ? `[${plain}]` : plain)?.name ?? null;
}
