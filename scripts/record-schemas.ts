import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";
import { execa } from "execa";

// node scripts/record-schemas.ts [branch]: writes every schema that the branch (main) ever had, the plans that it
// registered and one more as it would have been, to test/fixtures/schemas.json.br. The upgrade is tested from each of them, also in a clone without history.
// Run it when a commit that changes migrations/, plans/ or the lifecycles has been merged.

const root = fileURLToPath(new URL("..", import.meta.url));
const target = join(root, "test/fixtures/schemas.json.br");

interface Recording {
  /** Each text of a file once. */
  readonly texts: string[];
  readonly schemas: {
    readonly commit: string;
    /** By path under migrations/: the place of its text in `texts`. */
    readonly files: Readonly<Record<string, number>>;
    /** package.json's version, the rows of fairlead.statuses, and some of fairlead.plans. */
    readonly rows: { readonly version: string; readonly statuses: object[]; readonly plans: object[] };
  }[];
}

async function main(branch = "main"): Promise<void> {
  const recording: Recording = { texts: [], schemas: [] };
  const folder = await mkdtemp(join(tmpdir(), "fairlead-schemas-"));
  let last = "";
  for (const commit of (await git("log", "--reverse", "--format=%h", branch)).trim().split("\n")) {
    // All that decides how a database looks, by its hashes.
    const made = await git("ls-tree", commit, "migrations", "plans", "src/domain/lifecycles.ts");
    if (made !== last) await record(recording, commit, join(folder, commit));
    last = made;
  }
  await rm(folder, { recursive: true, force: true });
  const params = { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_QUALITY]: 11 };
  await writeFile(target, brotliCompressSync(JSON.stringify(recording), { params }));
  process.stderr.write(`${recording.schemas.length} schemas of ${recording.texts.length} texts\n`);
}

async function record({ texts, schemas }: Recording, commit: string, folder: string): Promise<void> {
  await mkdir(folder);
  await git("archive", `--output=${folder}.tar`, commit);
  await execa("tar", ["-xf", `${folder}.tar`, "-C", folder]);
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  const files: Record<string, number> = {};
  for (const path of (await git("ls-tree", "-r", "--name-only", commit, "migrations")).trim().split("\n")) {
    const text = await git("show", `${commit}:${path}`);
    if (!texts.includes(text)) texts.push(text);
    files[path.replace("migrations/", "")] = texts.indexOf(text);
  }
  const { stdout } = await execa(process.execPath, ["--input-type=module", "--eval", reader], { cwd: folder });
  schemas.push({ commit, files, rows: JSON.parse(stdout) });
}

async function git(...args: string[]): Promise<string> {
  const { stdout } = await execa("git", args, { cwd: root, stripFinalNewline: false });
  return stdout;
}

/** Runs in a checkout of that time. */
const reader = `
  import { createHash } from "node:crypto";
  import { existsSync, readdirSync, readFileSync } from "node:fs";
  const { lifecycles, movesFrom, statusesOf } = await import(process.cwd() + "/src/domain/lifecycles.ts");
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  const statuses = Object.entries(lifecycles).flatMap(([entity, lifecycle]) =>
    statusesOf(lifecycle).map((status, position) => ({ entity, status, position, initial: status === lifecycle.initial,
      moves: movesFrom(lifecycle, status), tasks: lifecycle.tasks[status] ?? [] })));
  const plans = [];
  if (existsSync("plans")) {
    const [parser] = ["/src/wire/plans/plan.ts", "/src/wire/plan.ts"].filter((path) => existsSync(process.cwd() + path));
    const { parsePlanText } = await import(process.cwd() + parser);
    const step = (id, ...depends_on) => ({ id, command: "sh", args: ["-c", "echo " + id + " >> steps"], depends_on });
    const sample = { plan_id: "three-steps", version: "1", steps: [step("one"), step("two", "one"), step("three", "two")] };
    const files = readdirSync("plans").filter((name) => name.endsWith(".json"));
    for (const text of [...files.map((name) => readFileSync("plans/" + name, "utf8")), JSON.stringify(sample)]) {
      const document = parsePlanText(text);
      const hash = createHash("sha256").update(JSON.stringify(document)).digest("hex");
      plans.push({ planId: document.plan_id, hash, version: document.version, document });
    }
  }
  console.log(JSON.stringify({ version, statuses, plans }));
`;

await main(process.argv[2]);
