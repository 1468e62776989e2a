/** Takes an event with its facts, in the order in which pino has them. */
export type Log = (line: object, message: string) => void;

export interface OpenPostgresOptions {
  /** FAIRLEAD_HOME: where the embedded Postgres lives. Made when it isn't there. */
  readonly home: string;
  /** A Postgres of the user's own; undefined: the embedded one. */
  readonly databaseUrl: string | undefined;
  /** The database of the embedded Postgres, made when it isn't there. `fairlead` unless told otherwise. */
  readonly database?: string;
  readonly log?: Log;
  /** Called with the home before a Postgres that isn't there yet is set up, which takes seconds. */
  readonly onSetup?: ((home: string) => void) | undefined;
}

/** A Postgres that may be relied on until `close`. */
export interface PostgresHandle {
  readonly url: string;
  /** The same database for the superuser of the embedded Postgres, who makes roles; null where that is not ours. */
  readonly adminUrl: string | null;
  readonly embedded: boolean;
  /** The last handle on an embedded Postgres to be closed, in whatever process, shuts it down. Never throws. */
  close(): Promise<void>;
}
