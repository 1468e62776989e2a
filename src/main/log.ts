import pino, { type Logger } from "pino";

/** JSON lines on standard error, so that a command's own output stays clean. */
export function makeLog(level: string): Logger {
  return pino(
    {
      level,
      base: null,
      redact: {
        paths: [
          "token",
          "*.token",
          "password",
          "*.password",
          "headers.authorization",
          "*.headers.authorization",
          "databaseUrl",
        ],
        censor: "[redacted]",
      },
    },
    pino.destination({ fd: 2, sync: false }),
  );
}
