import { registerHooks } from "node:module";

/**
 * postgres.js 3.4.9 keeps what it is about to send until the end of a turn of the event loop. Where a connection closes in
 * that moment, it drops the plan to send but goes on believing in it: whatever that connection is used for afterwards, for
 * as long as the process lives, never leaves it. All connections close at once when Postgres restarts, and a statement that
 * one has lost is tried on the next, so this happens. Two lines mend it, put in as the driver is loaded; once a release of
 * it has them, this file goes.
 */
const broken = /^( *)clearImmediate\(nextWriteTimer\)$/gm;
const mended = "$1clearImmediate(nextWriteTimer)\n$1chunk = nextWriteTimer = null";

let times = 0;
const hooks = registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith("/postgres/src/connection.js")) return loaded;
    const source = String(loaded.source);
    times = source.match(broken)?.length ?? 0;
    return { ...loaded, source: source.replace(broken, mended) };
  },
});

export const { default: driver } = await import("postgres");

hooks.deregister();
if (times !== 2) throw new Error("postgres.js is not the release that src/store/driver.ts was written for");
