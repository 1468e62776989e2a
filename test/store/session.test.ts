import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { searchPath, sessionSettings, sessionStatement } from "../../src/domain/session-settings.ts";
import { makeLog } from "../../src/main/log.ts";
import { makeServices } from "../../src/main/services.ts";
import { startWorker } from "../../src/main/worker.ts";
import { listenForMoves } from "../../src/store/events.ts";
import { migrate } from "../../src/store/migrate.ts";
import { openQueuePool } from "../../src/store/queue-pool.ts";
import { connect, faultOf } from "../../src/store/sql.ts";
import { parseSettings } from "../../src/wire/settings.ts";
import { emptyDatabase, type TestDatabase, testDatabase } from "../support/database.ts";
import { adminOf } from "../support/postgres/logins.ts";
import { setOddDefaults } from "../support/postgres/odd-defaults.ts";
import { proxyTo } from "../support/postgres/proxy.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

/** What a session may set and we leave as it is, by what it changes. */
const left = {
  speed: `backend_flush_after commit_siblings effective_io_concurrency io_combine_limit maintenance_io_concurrency
    file_copy_method gin_fuzzy_search_limit gin_pending_list_limit hash_mem_multiplier logical_decoding_work_mem
    maintenance_work_mem temp_buffers vacuum_buffer_usage_limit work_mem max_parallel_maintenance_workers
    max_parallel_workers max_parallel_workers_per_gather parallel_leader_participation stats_fetch_consistency
    synchronize_seqscans wal_skip_threshold jit_expressions jit_tuple_deforming debug_parallel_query force_parallel_mode`,
  // None of ours looks a text up in a language, writes a number, a month or money by the locale, or sorts by more than codes.
  locale: "default_text_search_config lc_monetary lc_numeric lc_time icu_validation_level",
  // Where and how tables are stored is the administrator's to say.
  storage: "default_tablespace temp_tablespaces default_toast_compression",
  // What is reported, and to whom; and how long a dead client keeps its session.
  reports: `application_name debug_pretty_print debug_print_parse debug_print_plan debug_print_rewritten debug_print_raw_parse
    log_parameter_max_length_on_error trace_notify trace_sort md5_password_warnings escape_string_warning
    client_connection_check_interval tcp_keepalives_count tcp_keepalives_idle tcp_keepalives_interval tcp_user_timeout`,
  // Of replication and vacuum, roles that create roles, and a transaction itself.
  elsewhere: `debug_logical_replication_streaming logical_replication_mode wal_sender_timeout createrole_self_grant
    scram_iterations local_preload_libraries xmlbinary transaction_isolation transaction_read_only
    transaction_deferrable`,
};

test("each setting that a session may change is either set by us, or left for a reason", async () => {
  const rows = await database.sql<{ name: string }[]>`
    select name from pg_settings where context = 'user' and category not like 'Query Tuning%' and category not like '%Vacuum%'
      and name not like 'vacuum%' order by name`;
  const known = [
    ...Object.keys(sessionSettings),
    "search_path",
    "jit",
    ...Object.values(left).flatMap((text) => text.split(/\s+/)),
  ];
  expect(rows.map(({ name }) => name).filter((name) => !known.includes(name))).toEqual([]);
});

test("whatever a database's defaults are, each session has what we rely on", async () => {
  const { url, drop } = await testDatabase();
  onTestFinished(drop);
  await setOddDefaults(url);
  const sql = connect(url, { max: 1 });
  onTestFinished(() => sql.end());
  const queue = openQueuePool(url, { max: 1, onError: () => {} });
  const ask = "select name, setting from pg_settings";
  const [ours, queues] = [
    await sql.unsafe<{ name: string; setting: string }[]>(ask),
    (await queue.pool.query(ask)).rows,
  ];
  await queue.close();
  for (const [rows, different] of [
    [ours, {}],
    [queues, { synchronous_commit: "off" }],
  ] as const) {
    const found = Object.fromEntries(rows.map(({ name, setting }) => [name, setting.replaceAll('"', "")]));
    const wanted = Object.entries({ ...sessionSettings, search_path: searchPath, jit: "off", ...different }).filter(
      ([name]) => name in found,
    );
    expect(Object.fromEntries(wanted.map(([name]) => [name, found[name]]))).toEqual(Object.fromEntries(wanted));
  }
  expect(
    await sql`select '\\x41'::bytea as bytes, interval '1 day' as day, 1.5::float8 / 3 as half, null = null as unknown`,
  ).toEqual([{ bytes: Buffer.from("A"), day: "1 day", half: 0.5, unknown: null }]);
});

/** Everything that a process does in a database, and what each of its connections sends first. */
test("every connection sets its session before it sends anything else, also those that are made anew", async () => {
  const empty = await emptyDatabase();
  onTestFinished(() => empty.drop());
  const proxy = await proxyTo(empty.url);
  onTestFinished(() => proxy.close());
  await migrate(proxy.url);
  const sql = connect(proxy.url, { max: 4 });
  onTestFinished(() => sql.end({ timeout: 1 }));
  const home = await mkdtemp(join(tmpdir(), "fairlead-session-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const services = makeServices(parseSettings({ FAIRLEAD_HOME: home }), sql, makeLog("silent"));
  const worker = await startWorker({ services, databaseUrl: proxy.url, concurrency: 2 });
  onTestFinished(() => worker.stop());
  const listening = await listenForMoves(sql, () => {});
  onTestFinished(() => listening.unlisten());
  await Promise.all(Array.from({ length: 4 }, () => sql`select pg_sleep(0.05)`));
  const opened = proxy.conversations.length;
  for (let round = 1; round <= 3; round += 1) {
    const before = proxy.conversations.length;
    await database.sql`select pg_terminate_backend(pid) from pg_stat_activity
      where backend_type = 'client backend' and datname = ${new URL(empty.url).pathname.slice(1)}`;
    await expect.poll(() => sql`select 1 as one`.catch(() => null)).toEqual([{ one: 1 }]);
    await expect.poll(worker.alive, { timeout: 10_000 }).toBe(true);
    await expect.poll(() => proxy.conversations.length).toBeGreaterThan(before + 8);
  }
  expect(opened).toBeGreaterThan(10);
  const firsts = proxy.conversations.flatMap(([first]) => (first === undefined ? [] : [first]));
  const settings = [sessionStatement(), sessionStatement({ synchronous_commit: "off" })];
  expect(firsts.filter((first) => !settings.includes(first))).toEqual([]);
}, 60_000);

test("a connection whose settings are refused runs nothing, and the next one does", async () => {
  const proxy = await proxyTo(database.url);
  onTestFinished(() => proxy.close());
  const sql = connect(proxy.url, { max: 1 });
  onTestFinished(() => sql.end({ timeout: 1 }));
  proxy.tamper = (data) =>
    Buffer.from(data.toString("latin1").replace("'read committed'", "'read committee'"), "latin1");
  for (let times = 0; times < 3; times += 1) await expect(sql`select 1 as one`).rejects.toThrow(/committee/);
  proxy.tamper = (data) => data;
  expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
  const sent = proxy.conversations.map((statements) => statements.slice(1));
  expect(sent).toEqual([[], [], [], ["select 1 as one"]]);
});

test("a statement is not told of the error that ended the connection before", async () => {
  const sql = connect(database.url, { max: 1 });
  onTestFinished(() => sql.end({ timeout: 1 }));
  for (let times = 0; times < 5; times += 1) {
    await expect(sql`select pg_terminate_backend(pg_backend_pid())`).rejects.toThrow();
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
  }
});

test("a policy of an administrator's that hides rows from us is an error, and never fewer rows", async () => {
  const { url, sql, drop } = await testDatabase();
  onTestFinished(drop);
  await sql`insert into fairlead.workspaces (name, repository_url) values ('shop', '/nowhere')`;
  const admin = await adminOf(url);
  await admin.query("alter table fairlead.workspaces enable row level security, force row level security");
  const error: unknown = await sql`select name from fairlead.workspaces`.catch((raised: unknown) => raised);
  expect(faultOf(error)).toMatchObject({
    code: "RIGHTS_MISSING",
    message: expect.stringContaining("row-level security"),
  });
});
