import type { Services } from "../../../src/actions/services.ts";
import type { Reach } from "../matrix/boundaries.ts";
import { commandLabel, stable } from "../matrix/labels.ts";

/** The services, with every call of an environment's or a repository's port watched. */
export function watchPorts(services: Services, reach: Reach): Services {
  return {
    ...services,
    provider: (name) => watched(services.provider(name), "provider", reach),
    repository: (url) => watched(services.repository(url), "repository", reach),
  };
}

/** These do nothing to the world, they look at it. */
const looks = new Set("open expose present adopt read readFile readState files list defaultBranch diff".split(" "));

function watched<Port extends object>(port: Port, name: string, reach: Reach): Port {
  return new Proxy(port, {
    get(target, key) {
      const method: unknown = Reflect.get(target, key);
      if (typeof method !== "function") return method;
      return (...args: unknown[]) => {
        if (looks.has(String(key))) return watchedResult(method.apply(target, args), reach);
        const label = `${name}.${String(key)} ${telling(args)}`.trim();
        reach("before", label);
        const settled = () => reach("after", label);
        return Promise.resolve(method.apply(target, args)).then(
          (result) => {
            settled();
            return watchedResult(result, reach);
          },
          (error) => {
            settled();
            throw error;
          },
        );
      };
    },
  });
}

/** Whoever gives an environment gives a watched one. */
function watchedResult(result: unknown, reach: Reach): unknown {
  if (typeof result !== "object" || result === null) return result;
  return Object.values(result).some((value) => typeof value === "function")
    ? watched(result, "environment", reach)
    : result;
}

/** What of the arguments says what is being done: a command, a name, a stream. */
function telling(args: readonly unknown[]): string {
  const [first] = args;
  if (Array.isArray(first)) return commandLabel(first);
  if (typeof first === "object" && first !== null && "name" in first) return stable(String(first.name));
  return args
    .filter((arg) => typeof arg === "string")
    .map(stable)
    .join(" ");
}
