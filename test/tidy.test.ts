import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { errorsPage } from "../scripts/errors-page.ts";
import { faultCatalogue } from "../scripts/fault-catalogue.ts";
import { statesPage } from "../scripts/states-page.ts";
import { lifecycles } from "../src/domain/lifecycles.ts";
import { agentNamed, agentNames } from "../src/providers/agents/catalogue.ts";
import { parseSettings, settingsSchema } from "../src/wire/settings.ts";

interface Source {
  readonly path: string;
  readonly text: string;
}

const root = fileURLToPath(new URL("..", import.meta.url));

/** What a floor may import: of the other floors, and where it says so of packages. */
interface Floor {
  readonly floors: readonly string[];
  readonly packages?: readonly string[];
}

// The agents' settings and output and .fairlead.json are parsed where they are read, so providers may know wire.
const floors: Readonly<Record<string, Floor>> = {
  "src/domain": { floors: [], packages: [] },
  "src/wire": { floors: ["src/domain"], packages: ["zod", "node:os", "node:path"] },
  "src/store": { floors: ["src/domain"] },
  "src/providers": { floors: ["src/domain", "src/wire"] },
  "src/actions": { floors: ["src/domain", "src/store", "src/providers"] },
  tasks: { floors: ["src/domain", "src/actions"], packages: [] },
  "src/http": { floors: ["src/domain", "src/wire", "src/actions", "src/store"] },
  "src/cli": { floors: ["src/domain", "src/wire", "src/actions", "src/store"] },
  "src/main": {
    floors: ["src/domain", "src/wire", "src/store", "src/providers", "src/actions", "src/http", "src/cli"],
  },
};

test("each floor imports only what lies below it, and nobody imports main", async () => {
  const wrong: string[] = [];
  for (const { path, text } of await sources("src", "tasks")) {
    const own = floorOf(path);
    for (const specifier of importsIn(text)) {
      const isPackage = !specifier.startsWith(".");
      const target = isPackage ? specifier : floorOf(join(path, "..", specifier));
      const allowed = isPackage ? (floors[own]?.packages ?? [specifier]) : [own, ...(floors[own]?.floors ?? [])];
      if (!allowed.includes(target)) wrong.push(`${path} imports ${specifier}`);
    }
  }
  expect(wrong).toEqual([]);
});

test("a file of src lies on a floor", async () => {
  const homeless = (await sources("src")).filter(({ path }) => floors[floorOf(path)] === undefined);
  expect(homeless.map(({ path }) => path)).toEqual([]);
});

/** Who may talk to Postgres in its own language. src/providers/postgres looks whether a server is there. */
const drivers: Readonly<Record<string, RegExp>> = {
  postgres: /^src\/store\/(sql|driver)\.ts$/,
  pg: /^src\/(store\/(migrate|migrations\/[^/]+|queue-pool|sql)\.ts|providers\/postgres\/(embedded\/)?[^/]+\.ts)$/,
  "graphile-worker": /^src\/(store\/migrations\/queue-schema|main\/pools)\.ts$/,
};

test("a database driver is named where SQL lives and nowhere else", async () => {
  const wrong: string[] = [];
  for (const { path, text } of await sources("src", "tasks")) {
    for (const specifier of importsIn(text)) {
      if (drivers[specifier]?.test(path) === false) wrong.push(`${path} imports ${specifier}`);
    }
  }
  expect(wrong).toEqual([]);
});

const forbidden: readonly (readonly [what: string, pattern: RegExp, where: RegExp])[] = [
  ["a query that names no columns", /\bselect\s+\*/i, /^src\//],
  ["SQL put together from text", /\.unsafe\(/, /^(src|tasks)\//],
  ["a shell", /\bshell:\s*true|\bexec(Sync)?\b[^;]*from "node:child_process"/, /^(src|tasks|scripts)\//],
  [
    "time, chance or I/O in the domain",
    /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bprocess\.\w|\bfetch\(/,
    /^src\/domain\//,
  ],
  // vitest's own entry points, such as its global setup, have to be default exports.
  ["a default export", /^export default\b/m, /^(src|scripts|bench|test\/(?!support\/postgres\.ts))/],
  ["a file that passes on what others export", /^export (\*|\{[^}]*\}) from/m, /^(src|tasks)\//],
  ["an enum or a namespace", /^\s*(export )?(const )?(enum|namespace) \w/m, /^(src|tasks|test|scripts|bench)\//],
];

test.each(forbidden)("there is nowhere %s", async (_what, pattern, where) => {
  const found = (await sources("src", "tasks", "test", "scripts", "bench")).filter(
    ({ path, text }) => where.test(path) && pattern.test(text),
  );
  expect(found.map(({ path }) => path)).toEqual([]);
});

test("no file is longer than 300 lines, and half of them have at most 60", async () => {
  const files = await sources("src", "tasks", "test", "scripts");
  const lengths = files.map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 }));
  expect(lengths.filter(({ lines }) => lines > 300)).toEqual([]);
  const inOrder = lengths.map(({ lines }) => lines).sort((a, b) => a - b);
  expect(inOrder[Math.floor(inOrder.length / 2)]).toBeLessThanOrEqual(60);
});

test("no folder has more than 20 files", async () => {
  const paths = (await sources("src", "tasks", "test", "scripts", "bench")).map(({ path }) => path);
  const folders = Map.groupBy(paths, (path) => path.slice(0, path.lastIndexOf("/")));
  expect([...folders].filter(([, files]) => files.length > 20).map(([folder]) => folder)).toEqual([]);
});

test("every task that a lifecycle waits for has a file in tasks/, of 1 to 15 lines", async () => {
  const files = new Map((await sources("tasks")).map(({ path, text }) => [path, text.split("\n").length - 1]));
  const awaited = Object.values(lifecycles).flatMap(({ tasks }) => Object.values(tasks).flat());
  for (const task of awaited) expect([...files.keys()]).toContain(`tasks/${task}.ts`);
  for (const [path, lines] of files) expect(lines, path).toSatisfy((count: number) => count >= 1 && count <= 15);
});

test("every fault has a code of its own in capitals and something to say, and docs/errors.md has them all", async () => {
  const faults = await faultCatalogue();
  const codes = faults.map(({ fault }) => fault.code);
  expect(codes).toEqual([...new Set(codes)]);
  for (const { fault, comment } of faults) {
    expect(fault.code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(/[a-z]/.test(fault.message) || comment !== "", `${fault.code} has no message and no comment`).toBe(true);
  }
  expect(await text("docs/errors.md"), "run `npm run docs`").toBe(await errorsPage());
});

test("every fault is declared in src/domain/faults", async () => {
  const elsewhere = (await sources("src")).filter(
    ({ path, text }) => /extends Fault\b/.test(text) && !path.startsWith("src/domain/faults/"),
  );
  expect(elsewhere.map(({ path }) => path)).toEqual([]);
});

test("docs/states.md shows the lifecycles as they are", async () => {
  expect(await text("docs/states.md"), "run `npm run docs`").toBe(statesPage());
});

test(".env.example lists every variable, with the default it has", async () => {
  const lines = [...(await text(".env.example")).matchAll(/^# ([A-Z][A-Z_]+)=(.*)$/gm)];
  const credentials = agentNames.flatMap((name) => agentNamed(name).credentials);
  expect(lines.map(([, name]) => name)).toEqual([...Object.keys(settingsSchema.shape), ...credentials]);
  const kept = [
    "DATABASE_URL",
    "FAIRLEAD_QUEUE_SCHEMA",
    "FAIRLEAD_MAX_ACTIVE_CHANGES",
    "FAIRLEAD_FIRST_PORT",
    ...credentials,
  ];
  const shown = lines.filter(([, name = ""]) => !kept.includes(name)).map(([, name, value]) => [name, value]);
  expect(parseSettings(Object.fromEntries(shown))).toEqual(parseSettings({}));
});

test("links between our own pages lead somewhere", async () => {
  const pages = ["README.md", "AGENTS.md", "CHANGELOG.md", ...(await filesUnder("docs", ".md"))];
  const broken: string[] = [];
  for (const page of pages) {
    for (const [, target = ""] of (await text(page)).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)) {
      await readFile(join(root, page, "..", target)).catch(() => broken.push(`${page} links to ${target}`));
    }
  }
  expect(broken).toEqual([]);
});

test("README names only tests that there are", async () => {
  const tests = (await sources("test")).map((source) => source.text).join("\n");
  const named = [...(await text("README.md")).matchAll(/^\| .* \| “([^”]+)” \|$/gm)].map(([, name = ""]) => name);
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !tests.includes(`"${name}"`))).toEqual([]);
});

test("the lock file has the packages of every platform that a dependency knows", async () => {
  const { packages }: { packages: Record<string, { optionalDependencies?: object }> } = JSON.parse(
    await text("package-lock.json"),
  );
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages),
    ),
  );
  expect(missing).toEqual([]);
});

test("dependencies are pinned to a version, and the lock file names no registry", async () => {
  const { dependencies, devDependencies } = JSON.parse(await text("package.json"));
  const versions: string[] = Object.values({ ...dependencies, ...devDependencies });
  expect(versions.filter((version) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
  expect(await text("package-lock.json")).not.toContain('"resolved"');
});

/** Static and dynamic imports, and what is exported from elsewhere. */
function importsIn(text: string): string[] {
  const pattern = /^(?:import|export)\b[^"'`;]*?\bfrom "([^"]+)"|^import "([^"]+)"|\bimport\("([^"]+)"\)/gm;
  return [...text.matchAll(pattern)].map(([, from, alone, dynamic]) => from ?? alone ?? dynamic ?? "");
}

function floorOf(path: string): string {
  return path
    .split("/")
    .slice(0, path.startsWith("src/") ? 2 : 1)
    .join("/");
}

async function sources(...folders: readonly string[]): Promise<Source[]> {
  const paths = (await Promise.all(folders.map((folder) => filesUnder(folder, ".ts")))).flat();
  return Promise.all(paths.map(async (path) => ({ path, text: await text(path) })));
}

async function filesUnder(folder: string, ending: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { recursive: true });
  return entries.filter((entry) => entry.endsWith(ending)).map((entry) => `${folder}/${entry}`);
}

async function text(path: string): Promise<string> {
  return readFile(join(root, path), "utf8");
}
