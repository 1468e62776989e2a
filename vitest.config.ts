import { defineConfig } from "vitest/config";
import { isReleasedTwice } from "./src/main/guard.ts";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/postgres.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 3,
    // As src/main/guard.ts does, when a test kills the connection that a worker listens on.
    onUnhandledError: (error) => !isReleasedTwice(error),
    // Server logs that a passing test prints say nothing to anybody.
    // Node runs our .ts files as they are, in tests too: tasks that graphile-worker imports are the same modules then.
    experimental: { viteModuleRunner: false },
    silent: "passed-only",
  },
});
