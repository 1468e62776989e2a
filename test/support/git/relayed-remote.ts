import { type AddressInfo, createServer, type Socket } from "node:net";
import { basename, dirname } from "node:path";
import { execa } from "execa";

/** A remote that answers over the network until it is told to fall silent, and holds its callers from then on. */
export interface RelayedRemote {
  readonly url: string;
  /** The callers that it holds. */
  held(): number;
  fallSilent(): void;
  /** Answers new callers again; those that it holds stay held. */
  speak(): void;
  close(): void;
}

/** Serves a bare repository on the loopback interface, one git for each caller. */
export async function relayedRemote(repository: string): Promise<RelayedRemote> {
  const held = new Set<Socket>();
  const all = new Set<Socket>();
  let isSilent = false;
  const server = createServer((socket) => {
    all.add(socket.on("error", () => {}));
    socket.on("close", () => all.delete(socket));
    if (isSilent) held.add(socket);
    else answer(socket, dirname(repository));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `git://127.0.0.1:${port}/${basename(repository)}`,
    held: () => held.size,
    fallSilent: () => {
      isSilent = true;
    },
    speak: () => {
      isSilent = false;
    },
    close: () => {
      for (const socket of all) socket.destroy();
      server.close();
    },
  };
}

function answer(socket: Socket, folder: string): void {
  const options = ["--inetd", "--export-all", "--enable=receive-pack", `--base-path=${folder}`];
  const daemon = execa("git", ["daemon", ...options, folder], { buffer: false, reject: false, stdin: "pipe" });
  socket.pipe(daemon.stdin);
  daemon.stdout.pipe(socket);
  for (const stream of [daemon.stdin, daemon.stdout]) stream.on("error", () => socket.destroy());
}
