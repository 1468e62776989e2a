import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { accountForPostgres } from "../../../src/providers/postgres/embedded/account.ts";
import { choosePort } from "../../../src/providers/postgres/embedded/ports.ts";

const program = "/usr/sbin/pgbouncer";

/** Whether Debian's package is here. */
export const hasPgbouncer = existsSync(program);

export interface Pooler {
  /** The database by way of the pooler. */
  readonly url: string;
  close(): Promise<void>;
}

/** `backends`: how many connections it has with the server, which its clients share. */
export async function pooler(
  databaseUrl: string,
  mode: "session" | "transaction" | "statement",
  backends: number,
): Promise<Pooler> {
  const target = new URL(databaseUrl);
  const folder = await mkdtemp(join(tmpdir(), "fairlead-pgbouncer-"));
  const port = await choosePort(0);
  const settings = join(folder, "settings.ini");
  await chmod(folder, 0o711);
  await writeFile(
    settings,
    `[databases]
* = host=${target.hostname} port=${target.port} user=${target.username} password=${target.password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
default_pool_size = ${backends}
max_client_conn = 200
`,
    { mode: 0o644 },
  );
  // It does not run as root.
  const account = await accountForPostgres("/var/lib/fairlead");
  const child = execa(program, ["-q", settings], { ...(account ?? {}), cwd: "/", reject: false });
  await listening(port);
  return {
    url: Object.assign(new URL(databaseUrl), { hostname: "127.0.0.1", port: String(port) }).href,
    async close() {
      child.kill("SIGKILL");
      await child;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function listening(port: number): Promise<void> {
  const end = Date.now() + 10_000;
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const reached = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (reached) return;
    if (Date.now() > end) throw new Error("pgbouncer did not come up");
  }
}
