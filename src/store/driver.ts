import { registerHooks } from "node:module";
import { sessionStatement } from "../domain/session.ts";

/**
 * postgres.js 3.4.9 needs mending in three places, which happens as it is loaded. Once a release has all, this file goes.
 *
 * It keeps what it is about to send until the end of a turn of the event loop. Where a connection closes in that moment, it
 * drops the plan to send but goes on believing in it: whatever that connection is used for afterwards, for as long as the
 * process lives, never leaves it. All connections close at once when Postgres restarts, and a statement that one has lost
 * is tried on the next, so this happens.
 *
 * The error that has ended a connection is given once more to the first statement of the next one, which has done nothing.
 *
 * It has no hook for new connections. Where it would ask for the types of arrays (it does so before the first statement,
 * also after a reconnection), ours sets the session's settings instead; for LISTEN's connection too. Where that fails, the
 * waiting statement fails with that error, and the connection is closed: nothing ever runs without the settings.
 */
const mends: readonly { readonly broken: RegExp; readonly mended: string; readonly times: number }[] = [
  {
    broken: /^( *)clearImmediate\(nextWriteTimer\)$/gm,
    mended: "$1clearImmediate(nextWriteTimer)\n$1chunk = nextWriteTimer = null",
    times: 2,
  },
  { broken: /(?<=, )needsTypes = options\.fetch_types/g, mended: "needsTypes = true", times: 1 },
  {
    broken: /^( *)needsTypes = options\.fetch_types$/gm,
    mended: "$1needsTypes = true\n$1query = results = errorResponse = null",
    times: 1,
  },
  {
    broken: /async function fetchArrayTypes\(\) \{\n[\s\S]*?\n {2}\}\n/g,
    mended: `function fetchArrayTypes() {
    needsTypes = false
    const settings = new Query([${JSON.stringify(sessionStatement())}], [], execute, null, { simple: true })
    settings.executed = settings.areSettings = true
    settings.catch(noop)
    execute(settings)
  }
`,
    times: 1,
  },
  {
    broken: /^( *)query = results = errorResponse = null$/gm,
    mended: `$1const refused = query && query.areSettings && errorResponse
$&
$1if (refused) return terminate()`,
    times: 1,
  },
];

let found: number[] = [];
const hooks = registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith("/postgres/src/connection.js")) return loaded;
    let source = String(loaded.source);
    found = mends.map(({ broken }) => source.match(broken)?.length ?? 0);
    for (const { broken, mended } of mends) source = source.replace(broken, mended);
    return { ...loaded, source };
  },
});

export const { default: driver } = await import("postgres");

hooks.deregister();
if (mends.some(({ times }, index) => found[index] !== times)) {
  throw new Error("postgres.js is not the release that src/store/driver.ts was written for");
}
