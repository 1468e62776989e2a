import type { Environment } from "../providers/environments/port.ts";

/** The environment, with commands that end as soon as the signal says so: a hanging remote must not hold a worker. */
export function interruptible(environment: Environment, signal: AbortSignal): Environment {
  return {
    ...environment,
    run: (argv, options) =>
      environment.run(argv, {
        ...options,
        signal: options.signal === undefined ? signal : AbortSignal.any([signal, options.signal]),
      }),
  };
}
