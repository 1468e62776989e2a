import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { readAll } from "./end-processes.ts";
import { environmentLimits } from "./marks/limit-mark.ts";
import { environmentMarker, type Place, realRoot } from "./place.ts";
import type { Listener } from "./port.ts";
import { allProcessFolders, programOf, sessionOf, supervisorOf } from "./process-folder.ts";
import { processTable } from "./process-table.ts";
import { findMembers } from "./process-tree.ts";

/**
 * Finds whose the sockets are that listen on a port. Where one is this environment's and one another program's, as on
 * the two addresses of `localhost`, nobody knows which of them a browser gets: then it is another program's.
 */
export async function listenerOf(place: Place, port: number): Promise<Listener> {
  const inodes = await listeningInodes(port);
  if (inodes === null) return "unknown";
  if (inodes.size === 0) return "nobody";
  const { members, others } = await split(place);
  const strangers = inodes.difference(await heldBy(members, inodes));
  if (strangers.size === 0) return "own";
  return (await heldBy(others, strangers)).size > 0 ? "other" : "unknown";
}

/** `null` where the machine has no such tables. */
async function listeningInodes(port: number): Promise<Set<string> | null> {
  const tables = await Promise.all(
    ["tcp", "tcp6"].map((name) => readFile(`/proc/net/${name}`, "utf8").catch(() => null)),
  );
  const known = tables.filter((table) => table !== null);
  return known.length === 0 ? null : new Set(known.flatMap((table) => parseListening(table, port)));
}

const listening = "0A";
/** 127.0.0.1, ::1, and any address at all, as the kernel prints them: in words of the machine's own byte order. */
const loopback = /^(0{24}|0{16}FFFF0000|0{16}0000FFFF)?(0{8}|0100007F|7F000001)$|^0{24}(01000000|00000001)$/;

/** The inodes of the sockets that listen on a port of this machine's own address, from a table in `/proc/net`. */
export function parseListening(table: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  return table.split("\n").flatMap((line) => {
    const [, local = "", , state, , , , , , inode] = line.trim().split(/\s+/);
    const [address = "", at] = local.split(":");
    return state === listening && at === wanted && loopback.test(address) && inode !== undefined ? [inode] : [];
  });
}

/** By all that tells a member, for a program may overwrite the variables it was started with, the marker among them. */
async function split(place: Place): Promise<{ members: number[]; others: number[] }> {
  const folders = await allProcessFolders(place);
  const supervisors = await readAll(folders, supervisorOf);
  const sessions = await readAll(folders, sessionOf);
  const table = await processTable();
  const roots = await readAll(folders, programOf);
  const marks = { marker: environmentMarker(place), limits: environmentLimits(place) };
  const tree = { ...marks, roots, supervisors, sessions, within: await realRoot(place), seen: new Set<string>() };
  const members = new Set(findMembers(table, tree).map(({ pid }) => pid));
  const rest = table.map(({ pid }) => pid).filter((pid) => !members.has(pid));
  const others = await Promise.all(rest.map(async (pid) => ((await isForwarder(pid)) ? [] : [pid])));
  return { members: [...members], others: others.flat() };
}

/** What container engines listen with in the place of what runs in a container, whosever that is. */
const forwarders = /^(docker-proxy|rootlesskit|rootlessport|conmon|slirp4netns|pasta(\.avx2)?)$/;

async function isForwarder(pid: number): Promise<boolean> {
  const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "");
  return forwarders.test(name.trim());
}

/** Which of these sockets some of these processes have open; one by one, as a process may have thousands of files. */
async function heldBy(pids: readonly number[], inodes: ReadonlySet<string>): Promise<Set<string>> {
  const held = new Set<string>();
  for (const pid of pids) {
    if (held.size === inodes.size) break;
    const folder = `/proc/${pid}/fd`;
    const names = await readdir(folder).catch(() => []); // it has ended, or is not ours to look into
    const links = await Promise.all(names.map((name) => readlink(join(folder, name)).catch(() => "")));
    for (const link of links) {
      const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
      if (inode !== undefined && inodes.has(inode)) held.add(inode);
    }
  }
  return held;
}
