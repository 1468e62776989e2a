import { expect, test } from "vitest";
import type { Blueprint } from "../../src/domain/blueprints/blueprint.ts";
import { portPlaceholder } from "../../src/domain/blueprints/command.ts";
import { detectBlueprint, resolveBlueprint } from "../../src/domain/blueprints/detect-blueprint.ts";

const tools = { staticServer: (folder: string) => ["serve", folder] as const };
const none = { names: [], packageJson: null, procfile: null };

function detect(
  files: Partial<typeof none> | { names?: string[]; packageJson?: unknown; procfile?: string },
): Blueprint {
  return detectBlueprint({ ...none, ...files }, tools);
}

test("nothing is found in an empty repository, and it says so", () => {
  expect(detect({})).toEqual({ setup: null, start: null, check: null, port: null, source: "nothing was found" });
});

test.each([
  ["package-lock.json", ["npm", "ci"]],
  ["npm-shrinkwrap.json", ["npm", "ci"]],
  ["pnpm-lock.yaml", ["pnpm", "install", "--frozen-lockfile"]],
  ["yarn.lock", ["yarn", "install", "--frozen-lockfile"]],
  ["bun.lock", ["bun", "install", "--frozen-lockfile"]],
  ["bun.lockb", ["bun", "install", "--frozen-lockfile"]],
])("%s says how to install", (lockfile, setup) => {
  expect(detect({ names: ["package.json", lockfile], packageJson: {} })).toMatchObject({ setup, source: lockfile });
});

test("Yarn 2 and later is told apart", () => {
  const immutable = ["yarn", "install", "--immutable"];
  expect(detect({ names: ["yarn.lock", ".yarnrc.yml"], packageJson: {} }).setup).toEqual(immutable);
  expect(detect({ names: ["yarn.lock"], packageJson: { packageManager: "yarn@4.5.0" } }).setup).toEqual(immutable);
});

test("of two lockfiles the declared manager's counts", () => {
  const names = ["package-lock.json", "pnpm-lock.yaml"];
  expect(detect({ names, packageJson: { packageManager: "pnpm@9.1.0" } }).setup).toContain("pnpm");
  expect(detect({ names, packageJson: {} }).setup).toEqual(["npm", "ci"]);
});

test("without a lockfile dependencies are installed without leaving one, and none need no setup", () => {
  const packageJson = { devDependencies: { vite: "8" } };
  expect(detect({ packageJson }).setup).toEqual(["npm", "install", "--no-package-lock"]);
  expect(detect({ packageJson: { dependencies: {} } }).setup).toBeNull();
});

test("the dev script comes before the start script", () => {
  const packageJson = { scripts: { start: "node server.js", dev: "node --watch server.js" } };
  expect(detect({ packageJson })).toMatchObject({ start: ["npm", "run", "dev"], port: null, source: "package.json" });
  expect(detect({ packageJson: { scripts: { start: "node ." } } }).start).toEqual(["npm", "run", "start"]);
});

const vite = ["--port", portPlaceholder, "--strictPort", "--host", "127.0.0.1"];

test.each([
  ["vite", vite],
  ["vite dev --open", vite],
  ["NODE_ENV=development npx vite", vite],
  ["tsc && vite", vite],
  ["./node_modules/.bin/vite", vite],
  ["next dev --turbo", ["--port", portPlaceholder, "--hostname", "127.0.0.1"]],
  ["astro dev", ["--port", portPlaceholder, "--host", "127.0.0.1"]],
])("`%s` is told its port", (dev, flags) => {
  expect(detect({ packageJson: { scripts: { dev } } }).start).toEqual(["npm", "run", "dev", "--", ...flags]);
});

test.each(["vite build", "vite && node server.js", "node vite.js", "invite", "next-lint"])("`%s` is not", (dev) => {
  expect(detect({ packageJson: { scripts: { dev } } }).start).toEqual(["npm", "run", "dev"]);
});

test("pnpm, yarn and bun take a script's arguments without a separator", () => {
  const packageJson = { scripts: { dev: "vite" } };
  for (const [lockfile, name] of [
    ["pnpm-lock.yaml", "pnpm"],
    ["yarn.lock", "yarn"],
    ["bun.lock", "bun"],
  ] as const) {
    expect(detect({ names: [lockfile], packageJson }).start).toEqual([name, "run", "dev", ...vite]);
  }
});

test("a port that the script insists on is respected", () => {
  expect(detect({ packageJson: { scripts: { dev: "vite --port 3000" } } })).toMatchObject({
    start: ["npm", "run", "dev"],
    port: 3000,
    source: "package.json (vite)",
  });
});

test("a Procfile's web process is split into words, or given to a shell where it needs one", () => {
  const start = (procfile: string) => detect({ procfile }).start;
  expect(start("release: x\nweb: gunicorn app:app -b 127.0.0.1:$PORT\nworker: y\n")).toEqual([
    ...["gunicorn", "app:app", "-b"],
    `127.0.0.1:${portPlaceholder}`,
  ]);
  expect(start("web: rake db:migrate && rails s -p $PORT\r\n")).toEqual([
    "sh",
    "-c",
    "rake db:migrate && rails s -p $PORT",
  ]);
  expect(start("web:\nworker: y\n")).toBeNull();
});

test.each([
  [["index.html", "public/index.html"], ".", "index.html"],
  [["public/index.html"], "public", "public/index.html"],
  [["docs/index.html", "README.md"], "docs", "docs/index.html"],
])("pages among %j are served from %s", (names, folder, source) => {
  expect(detect({ names })).toMatchObject({ start: ["serve", folder], source });
});

test("the test script checks a change, unless it is the placeholder that npm puts there", () => {
  const withTest = (test: string) => detect({ packageJson: { scripts: { test } } }).check;
  expect(withTest("vitest run")).toEqual(["npm", "run", "test"]);
  expect(withTest('echo "Error: no test specified" && exit 1')).toBeNull();
});

test.each([
  [[]],
  ["text"],
  [7],
  [{ scripts: 3, dependencies: "x" }],
  [{ scripts: { dev: {}, test: [] } }],
  [{ scripts: null }],
])("a package.json of %j finds nothing and breaks nothing", (packageJson) => {
  expect(detect({ packageJson }).start).toBeNull();
});

const detected: Blueprint = {
  setup: ["npm", "ci"],
  start: ["npm", "run", "dev"],
  check: null,
  port: 3000,
  source: "package-lock.json, package.json",
};

test("what was detected stands where nobody wrote anything down", () => {
  expect(resolveBlueprint({ file: null, workspace: {}, detected })).toEqual(detected);
});

test("each field comes from the repository's file, else the workspace, else detection", () => {
  const file = { start: ["node", "server.js"] as const };
  const workspace = { start: ["never"] as const, check: ["make", "test"] as const };
  expect(resolveBlueprint({ file, workspace, detected })).toEqual({
    setup: ["npm", "ci"],
    start: ["node", "server.js"],
    check: ["make", "test"],
    port: null,
    source: ".fairlead.json (start), workspace (check), package-lock.json, package.json",
  });
});

test("null says that there is nothing to do", () => {
  const file = { setup: null, start: null, check: null };
  expect(resolveBlueprint({ file, workspace: null, detected })).toEqual({
    setup: null,
    start: null,
    check: null,
    port: null,
    source: ".fairlead.json (setup, start, check)",
  });
});
