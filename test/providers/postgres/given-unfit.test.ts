import { realpath, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findServer, stopServer } from "../../../src/providers/postgres/embedded/server.ts";
import { prepareSite } from "../../../src/providers/postgres/embedded/site.ts";
import { startServer } from "../../../src/providers/postgres/embedded/start-server.ts";
import { inSession } from "../../../src/providers/postgres/login.ts";
import { openPostgres } from "../../../src/providers/postgres/open-postgres.ts";
import type { PostgresHandle } from "../../../src/providers/postgres/port.ts";
import { migrate } from "../../../src/store/migrate.ts";
import { newHome, query, removeHome } from "./homes.ts";

let home = "";
let server: PostgresHandle;
beforeAll(async () => {
  home = await newHome();
  server = await openPostgres({ home, databaseUrl: undefined });
  await admin("create role stranger login password 'secret'");
}, 40_000);
afterAll(async () => {
  await server.close();
  await removeHome(home);
}, 40_000);

const admin = (text: string, database = "postgres") => query(at(database, server.adminUrl ?? ""), text);

function at(database: string, url = server.url): string {
  return Object.assign(new URL(url), { pathname: `/${database}` }).href;
}

const asStranger = (database: string) => at(database).replace(/fairlead:[0-9a-f]{48}@/, "stranger:secret@");

/** With what code a database is refused that these statements have made. */
async function refusalOf(url: string): Promise<unknown> {
  return openPostgres({ home, databaseUrl: url }).then(
    () => "used",
    (error: unknown) => error,
  );
}

test.each(["LATIN1", "SQL_ASCII"])("a database with the encoding %s is refused", async (encoding) => {
  await admin(
    `create database d_${encoding.toLowerCase()} encoding '${encoding}' locale 'C' locale_provider libc template template0 owner fairlead`,
  );
  const refusal = await refusalOf(at(`d_${encoding.toLowerCase()}`));
  expect(refusal).toMatchObject({ code: "POSTGRES_ENCODING", message: expect.stringContaining("UTF8") });
});

test("one whose sessions fire no triggers is refused", async () => {
  await admin("create database replicas owner fairlead");
  await admin("alter database replicas set session_replication_role = replica");
  expect(await refusalOf(at("replicas"))).toMatchObject({ code: "POSTGRES_TRIGGERS_OFF" });
});

test("one in which the role may make no schema is refused before anything is tried, and is fit once it may", async () => {
  await admin("create database theirs");
  const refusal = await refusalOf(asStranger("theirs"));
  expect(refusal).toMatchObject({ code: "RIGHTS_MISSING", message: expect.stringContaining("theirs") });
  await admin("grant create on database theirs to stranger");
  expect(await refusalOf(asStranger("theirs"))).toBe("used");
  expect(await migrate(asStranger("theirs"))).toContain("definitions");
});

test("schemas that an administrator has made for the role are as good as the right to make them", async () => {
  await admin("create database prepared");
  await admin(
    "create schema fairlead authorization stranger; create schema fairlead_worker authorization stranger",
    "prepared",
  );
  expect(await refusalOf(asStranger("prepared"))).toBe("used");
  expect(await migrate(asStranger("prepared"))).toContain("definitions");
  expect(await refusalOf(asStranger("prepared"))).toBe("used");
});

test("one whose tables belong to another role is refused, unless it may act as that role", async () => {
  await admin("create database owned owner fairlead; ");
  await migrate(at("owned"));
  const refusal = await refusalOf(asStranger("owned"));
  expect(refusal).toMatchObject({ code: "RIGHTS_MISSING", message: expect.stringContaining("belong to fairlead") });
  await admin("grant fairlead to stranger");
  expect(await refusalOf(asStranger("owned"))).toBe("used");
  expect(await migrate(asStranger("owned"))).toEqual([]);
  await admin("revoke fairlead from stranger");
  // A superuser is let in, and acts as the owner.
  expect(await refusalOf(at("owned", server.adminUrl ?? ""))).toBe("used");
});

test("what a superuser migrates belongs to the role that owned it, also what another had made there", async () => {
  await admin("create database mixed owner fairlead");
  await migrate(at("mixed"));
  await admin(
    `update fairlead.installation set definitions = 'others';
     drop function fairlead.speaker(text) cascade;
     alter table fairlead.runs owner to stranger; alter view fairlead.leaks owner to fairlead_admin;
     alter function fairlead.move() owner to fairlead_admin; alter schema fairlead_worker owner to stranger;
     alter table fairlead_worker._private_jobs owner to stranger; alter type fairlead_worker.job_spec owner to stranger`,
    "mixed",
  );
  await expect(migrate(at("mixed"))).rejects.toMatchObject({ code: "RIGHTS_MISSING" });
  await migrate(at("mixed", server.adminUrl ?? ""));
  const owners = `
    select distinct pg_get_userbyid(owner) as owner from (
      select relowner, relnamespace from pg_class union all select proowner, pronamespace from pg_proc
      union all select typowner, typnamespace from pg_type union all select nspowner, oid from pg_namespace) o(owner, schema)
    where schema in ('fairlead'::regnamespace, 'fairlead_worker'::regnamespace)`;
  expect(await query(at("mixed"), owners)).toEqual([{ owner: "fairlead" }]);
});

test("a role that sessions begin with by default changes nothing", async () => {
  await admin("create database defaulted owner fairlead");
  await migrate(at("defaulted"));
  await admin(
    "create role nobody_else; grant nobody_else to fairlead; alter role fairlead in database defaulted set role nobody_else",
  );
  expect(await refusalOf(at("defaulted"))).toBe("used");
  await admin("update fairlead.installation set definitions = 'others'", "defaulted");
  expect(await migrate(at("defaulted"))).toEqual(["definitions"]);
});

test("a standby is refused", { timeout: 40_000 }, async () => {
  const other = await newHome();
  await (await openPostgres({ home: other, databaseUrl: undefined })).close();
  const site = await prepareSite({ home: other, log: () => {}, onSetup: () => {} });
  await writeFile(join(await realpath(join(other, "postgres")), "standby.signal"), "", { mode: 0o644 });
  await startServer(site, AbortSignal.timeout(20_000));
  const port = (await findServer(site))?.port ?? 0;
  const url = `postgres://fairlead:${site.password}@127.0.0.1:${port}/fairlead`;
  await inSession({ port, user: "fairlead", password: site.password, database: "fairlead" }, async () => {});
  expect(await refusalOf(url)).toMatchObject({ code: "POSTGRES_READ_ONLY" });
  await stopServer(site);
  await removeHome(other);
});
