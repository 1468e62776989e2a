#!/usr/bin/env node
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

// Halves the time a command takes to start (0.9 s to 0.4 s on a busy machine): types are stripped once, not each time.
// Beside the packages and not in /tmp, where somebody else could put code for us to run.
enableCompileCache(fileURLToPath(new URL("../../node_modules/.cache/fairlead", import.meta.url)));
const { main } = await import("./command-line.ts");
await main();
