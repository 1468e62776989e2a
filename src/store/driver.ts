import { registerHooks } from "node:module";
import { sessionStatement } from "../domain/session-settings.ts";

/**
 * Patches bugs and gaps of postgres.js 3.4.9 while it is loaded. Delete this file once a release has none of them.
 *
 * 1. It buffers writes until the end of a turn of the event loop (`nextWriteTimer`). When the connection closes before that, it
 *    clears the timer but keeps the handle and the buffer: after a reconnection nothing is ever sent again. When Postgres restarts,
 *    all connections close at once and lost statements are retried on the next, so this happens.
 * 2. The error that ended a connection is delivered a second time, to the first statement after the reconnection.
 * 3. A statement that is sent between the error of a socket and its close is never answered.
 * 4. It has no hook for new connections. Before the first statement, also after a reconnection and for LISTEN, it would query the
 *    types of arrays; here it sets the session's settings instead. If that fails, the waiting statement fails with that error, and
 *    the connection is closed: no statement runs without the settings.
 */
/** `times`: how often the pattern occurs in that release. */
const patches: readonly { readonly pattern: RegExp; readonly replacement: string; readonly times: number }[] = [
  {
    pattern: /^( *)clearImmediate\(nextWriteTimer\)$/gm,
    replacement: "$1clearImmediate(nextWriteTimer)\n$1chunk = nextWriteTimer = null",
    times: 2,
  },
  // With a semicolon, because the line before has none.
  { pattern: /!hadError && (?=\(query \|\| sent\.length\) && error\()/g, replacement: ";", times: 1 },
  { pattern: /(?<=, )needsTypes = options\.fetch_types/g, replacement: "needsTypes = true", times: 1 },
  // Before the next one, which adds the same line elsewhere.
  {
    pattern: /^( *)query = results = errorResponse = null$/gm,
    replacement: `$1const refused = query && query.areSettings && errorResponse
$&
$1if (refused) return terminate()`,
    times: 1,
  },
  {
    pattern: /^( *)needsTypes = options\.fetch_types$/gm,
    replacement: "$1needsTypes = true\n$1query = results = errorResponse = null",
    times: 1,
  },
  {
    pattern: /async function fetchArrayTypes\(\) \{\n[\s\S]*?\n {2}\}\n/g,
    replacement: `function fetchArrayTypes() {
    needsTypes = false
    const settings = new Query([${JSON.stringify(sessionStatement())}], [], execute, null, { simple: true })
    settings.executed = settings.areSettings = true
    settings.catch(noop)
    execute(settings)
  }
`,
    times: 1,
  },
];

let found: number[] = [];
const hooks = registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith("/postgres/src/connection.js")) return loaded;
    let source = String(loaded.source);
    found = patches.map(({ pattern }) => source.match(pattern)?.length ?? 0);
    for (const { pattern, replacement } of patches) source = source.replace(pattern, replacement);
    return { ...loaded, source };
  },
});

export const { default: driver } = await import("postgres");

hooks.deregister();
if (patches.some(({ times }, index) => found[index] !== times)) {
  throw new Error("postgres.js is not the release that src/store/driver.ts was written for");
}
