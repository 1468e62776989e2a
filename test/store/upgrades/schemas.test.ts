import { beforeAll, expect, test } from "vitest";
import { migrate } from "../../../src/store/migrate.ts";
import { readMigrations } from "../../../src/store/migrations/files.ts";
import { connect } from "../../../src/store/sql.ts";
import { type EmptyDatabase, emptyDatabase } from "../../support/database.ts";
import { catalogueOf } from "../../support/postgres/catalogue.ts";
import { type FormerSchema, formerSchemas, lastTextOf } from "../../support/postgres/former-schemas.ts";

let fresh: string[];
beforeAll(async () => {
  const database = await emptyDatabase();
  await migrate(database.url);
  fresh = await catalogueAt(database);
  await database.drop();
});

async function catalogueAt({ url }: EmptyDatabase): Promise<string[]> {
  const sql = connect(url, { max: 1 });
  const lines = [...(await catalogueOf(sql, "fairlead")), ...(await catalogueOf(sql, "fairlead_worker"))];
  await sql.end();
  return lines;
}

/** What a database differs in from a new one after all these programs and then this one have migrated it. */
async function differencesAfter(former: readonly FormerSchema[]): Promise<{ missing: string[]; left: string[] }> {
  const database = await emptyDatabase();
  try {
    for (const schema of former) await schema.applyTo(database.url);
    await migrate(database.url);
    const found = await catalogueAt(database);
    return {
      missing: fresh.filter((line) => !found.includes(line)),
      left: found.filter((line) => !fresh.includes(line)),
    };
  } finally {
    await database.drop();
  }
}

test.each(formerSchemas)("a database of $version, $commit, becomes what a new one is", async (schema) => {
  expect(await differencesAfter([schema])).toEqual({ missing: [], left: [] });
});

/** Databases lived on from one program to the next: each keeps the text of a migration that it met first. */
const lives = formerSchemas.filter(({ commit }) => ["7a0dd16", "f3c664f", "05e52d6"].includes(commit));
const began = formerSchemas.filter(({ commit }) => ["0ecd48c", "f8571e8", "7a0dd16", "f3c664f"].includes(commit));

test.each(began)("so does one that began as $version, $commit, and was upgraded since", async (first) => {
  const later = lives.filter((schema) => formerSchemas.indexOf(schema) > formerSchemas.indexOf(first));
  for (let last = 1; last <= later.length; last += 1) {
    expect(await differencesAfter([first, ...later.slice(0, last)])).toEqual({ missing: [], left: [] });
  }
});

test("so does one that every program of the main branch has had in turn", { timeout: 60_000 }, async () => {
  const grown = formerSchemas.slice(formerSchemas.findIndex(({ commit }) => commit === "f8571e8"));
  expect(await differencesAfter(grown)).toEqual({ missing: [], left: [] });
});

test("the migrations that are recorded have not been changed since", async () => {
  for (const { name, text } of await readMigrations()) expect([text, undefined]).toContain(lastTextOf(name));
  expect(lastTextOf("0003_plans")).toBeDefined();
});
