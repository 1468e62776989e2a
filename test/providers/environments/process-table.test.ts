import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import {
  identify,
  isAlive,
  parsePs,
  processTable,
  type TableEntry,
} from "../../../src/providers/environments/process-table.ts";
import { findMembers } from "../../../src/providers/environments/process-tree.ts";
import { until } from "./support.ts";

test("the table holds us with our parent, our variables and the start time by which we are told apart", async () => {
  const us = (await processTable()).find((entry) => entry.pid === process.pid);
  expect(us).toMatchObject({ parent: process.ppid, variables: expect.arrayContaining([`HOME=${process.env.HOME}`]) });
  expect(await isAlive({ pid: process.pid, startTime: us?.startTime ?? "" })).toBe(true);
  expect(await isAlive({ pid: process.pid, startTime: "1" })).toBe(false);
});

test("a process that has ended and was not collected is not alive", async () => {
  const parent = spawn("sh", ["-c", "sleep 0 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] });
  try {
    const zombie = await until(async () => Number(parent.stdout.read()?.toString()) || null);
    await until(async () => (await identify(zombie)) === null);
    expect((await processTable()).some((entry) => entry.pid === zombie)).toBe(false);
  } finally {
    parent.kill("SIGKILL");
  }
});

test("what ps prints on a system without /proc is understood", () => {
  const printed = `
    1     0 Thu Nov 21 07:40:12 2024     Ss   /sbin/launchd
  501     1 Mon Nov  4 23:59:59 2024     S+   node server.js FAIRLEAD_ENVIRONMENT=X FAIRLEAD_PROCESS=X/agent-1
  502   501 Mon Nov  4 23:59:59 2024     Z    (node)
`;
  expect(parsePs(printed)).toMatchObject([
    { pid: 1, parent: 0, startTime: "Thu Nov 21 07:40:12 2024" },
    {
      pid: 501,
      parent: 1,
      startTime: "Mon Nov 4 23:59:59 2024",
      variables: expect.arrayContaining(["FAIRLEAD_PROCESS=X/agent-1"]),
    },
  ]);
});

const entry = (pid: number, parent: number, more: Partial<TableEntry> = {}): TableEntry => ({
  ...{ pid, parent, startTime: `${pid}0`, session: null, hasTerminal: false, directory: null, variables: [] },
  ...more,
});
const identity = (pid: number) => ({ pid, startTime: `${pid}0` });
const marked = { variables: ["M=1"] };

test("a tree is found by marker, by root, by descent and by having been seen, without supervisor and bookkeepers", () => {
  const table = [
    entry(10, 1, marked), // the supervisor
    entry(11, 10), //        its program, which dropped the marker
    entry(12, 10, marked), // its `date`
    entry(13, 11), //        a child of the program
    entry(20, 1, marked), // a daemon
    entry(21, 20), //        its child
    entry(30, 1), //         seen before, now an orphan
    entry(40, 1, { variables: ["M=12"] }), // another's
    entry(50, 1), //         nobody's
  ];
  const tree = { marker: "M=1", roots: [identity(11)], supervisors: [identity(10)], seen: new Set(["30 300"]) };
  const pids = findMembers(table, tree).map((member) => member.pid);
  expect(pids.sort()).toEqual([11, 13, 20, 21, 30]);
});

test("a session is told from a later one of the same number", () => {
  const table = [
    entry(11, 1, { session: 10 }), // of the session of 10, which has ended
    entry(9, 1, { session: 10 }), //  older than that, so of another
    entry(20, 1, { session: 20 }), // has the number of one that has ended
    entry(21, 20, { session: 20 }),
  ];
  const sessions = [identity(10), { pid: 20, startTime: "7" }];
  const members = findMembers(table, { marker: "M=1", roots: [], supervisors: [], sessions, seen: new Set() });
  expect(members.map(({ pid }) => pid)).toEqual([11]);
});

test("who works in the folder is a member, but not who looks at it from a terminal, and not we nor our ancestors", () => {
  const directory = "/home/environments/A/checkout";
  const table = [
    entry(1, 0, { directory }),
    entry(7, 1, { directory, session: 10, ...marked }), // our parent
    entry(process.pid, 7, { directory, session: 10, ...marked }),
    entry(10, 1, { directory }),
    entry(11, 1, { directory: "/home/environments/A.partial-1-x" }),
    entry(12, 1, { directory: "/home/environments/A" }),
    entry(13, 1, { directory: "/home/environments/AB" }),
    entry(14, 1, { directory: "/home/environments" }),
    entry(15, 1, { directory, hasTerminal: true }),
  ];
  const tree = { marker: "M=1", roots: [], supervisors: [], sessions: [identity(10)], within: "/home/environments/A" };
  const members = findMembers(table, { ...tree, seen: new Set() });
  expect(members.map(({ pid }) => pid)).toEqual([10, 11, 12]);
});
