import { Fault } from "../fault.ts";

const orEmbedded = "or unset DATABASE_URL to use the Postgres that comes with Fairlead";

/** DATABASE_URL is set, and nothing answers there. */
export class PostgresUnreachable extends Fault {
  readonly code = "POSTGRES_UNREACHABLE";
  readonly kind = "unavailable";

  constructor(at: { host: string; port: number }, why: string) {
    super(
      `No Postgres answers at ${at.host}:${at.port} (${why}). ` +
        `Start it, check host and port in DATABASE_URL, ${orEmbedded}.`,
      { ...at },
    );
  }
}

/** Postgres answered, and did not let us in. */
export class PostgresRefused extends Fault {
  readonly code = "POSTGRES_REFUSED";
  readonly kind = "unavailable";

  constructor(at: { host: string; port: number }, why: string) {
    super(
      `Postgres at ${at.host}:${at.port} refused the connection: ${why}. ` +
        `Check user, password and database in DATABASE_URL, ${orEmbedded}.`,
      { ...at },
    );
  }
}

export class PostgresUrlInvalid extends Fault {
  readonly code = "POSTGRES_URL_INVALID";
  readonly kind = "invalid";

  constructor() {
    super(
      `DATABASE_URL is not a Postgres URL. Write it as postgres://user:password@host:5432/database, ${orEmbedded}.`,
    );
  }
}

export class PostgresTooOld extends Fault {
  readonly code = "POSTGRES_TOO_OLD";
  readonly kind = "unavailable";

  constructor(version: string) {
    super(`DATABASE_URL leads to Postgres ${version}; Fairlead needs 14 or newer. Upgrade it, ${orEmbedded}.`, {
      version,
    });
  }
}

/** A pooler between us and Postgres hands each statement to another session: locks and LISTEN don't work there. */
export class PostgresPooled extends Fault {
  readonly code = "POSTGRES_POOLED";
  readonly kind = "unavailable";

  constructor(at: { host: string; port: number }) {
    super(
      `${at.host}:${at.port} is a pooler in transaction or statement mode; Fairlead needs sessions of its own (LISTEN, locks). ` +
        "Point DATABASE_URL at Postgres itself, or at a pool in session mode.",
      { ...at },
    );
  }
}

/** The database can't store every text. */
export class PostgresEncoding extends Fault {
  readonly code = "POSTGRES_ENCODING";
  readonly kind = "unavailable";

  constructor(encoding: string) {
    super(
      `The database of DATABASE_URL has the encoding ${encoding}, which can't store every text. ` +
        `Make one with: create database … encoding 'UTF8' template template0, ${orEmbedded}.`,
      { encoding },
    );
  }
}

/** A standby, or a server that stays read-only whatever a session sets. */
export class PostgresReadOnly extends Fault {
  readonly code = "POSTGRES_READ_ONLY";
  readonly kind = "unavailable";

  constructor(at: { host: string; port: number }) {
    super(
      `Postgres at ${at.host}:${at.port} can only be read: it is a standby, or recovering. ` +
        `Point DATABASE_URL at the primary, ${orEmbedded}.`,
      { ...at },
    );
  }
}

/** session_replication_role, which only a superuser can set, switches off Fairlead's triggers. */
export class PostgresTriggersOff extends Fault {
  readonly code = "POSTGRES_TRIGGERS_OFF";
  readonly kind = "unavailable";

  constructor(value: string) {
    super(
      `Sessions of DATABASE_URL begin with session_replication_role = ${value}, so no trigger fires in them. Let an ` +
        "administrator run: alter database … reset session_replication_role, and the same for the role.",
      { value },
    );
  }
}

/** A worker needs more connections than server, database and role allow together. */
export class PostgresConnectionsFew extends Fault {
  readonly code = "POSTGRES_CONNECTIONS_FEW";
  readonly kind = "unavailable";

  constructor(limit: number, needed: number) {
    super(
      `DATABASE_URL allows ${limit} connections at once, and a server with its worker needs ${needed}. Raise the limit ` +
        `(max_connections, alter role … connection limit, alter database … connection limit), ${orEmbedded}.`,
      { limit, needed },
    );
  }
}

/** `db url --admin` where DATABASE_URL is set. */
export class NoAdminUrl extends Fault {
  readonly code = "NO_ADMIN_URL";
  readonly kind = "invalid";

  constructor() {
    super(
      "Only Fairlead's own Postgres has a superuser that it knows. Ask the administrator of the one at DATABASE_URL.",
    );
  }
}

/** The embedded Postgres could not be made or started. */
export class PostgresStartFailed extends Fault {
  readonly code = "POSTGRES_START_FAILED";
  readonly kind = "unavailable";

  constructor(what: string, lines: readonly string[], advice: string, options?: ErrorOptions) {
    const said = lines.length === 0 ? ". " : `:\n${lines.map((line) => `  ${line}\n`).join("")}`;
    super(`${what}${said}${advice}`, { lines }, options);
  }
}

/** We are root, Postgres refuses to run as root, and there is no other user to run it as. */
export class PostgresUserMissing extends Fault {
  readonly code = "POSTGRES_USER_MISSING";
  readonly kind = "unavailable";

  constructor(why: string) {
    super(
      `Postgres does not run as root, and the system user "postgres" could not be used (${why}). ` +
        "Create it (useradd --system postgres), run Fairlead as an ordinary user, or set DATABASE_URL.",
    );
  }
}

export class PostgresPlatformUnsupported extends Fault {
  readonly code = "POSTGRES_PLATFORM_UNSUPPORTED";
  readonly kind = "unavailable";

  constructor(platform: string, options?: ErrorOptions) {
    super(
      `The embedded Postgres is not installed for ${platform}. ` +
        "Run npm ci on this machine (without --omit=optional), or set DATABASE_URL to a Postgres of your own.",
      { platform },
      options,
    );
  }
}
