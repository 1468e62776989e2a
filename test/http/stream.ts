import type { Event } from "../../src/domain/event.ts";

/** An event as it comes over the wire. */
export interface Told {
  readonly cursor: string;
  readonly kind: string;
  readonly entity: Event["entity"];
  readonly entity_id: string;
  readonly change_id: string | null;
  readonly run_id: string | null;
  readonly workspace: string | null;
  readonly version: number;
}

/** A client of server-sent events, as far as the standard asks for it. */
export interface Follower {
  readonly told: Told[];
  /** What it would send as Last-Event-ID. */
  lastEventId(): string;
  /** Resolves once it has been told of so many; throws at a deadline. */
  reaches(count: number): Promise<void>;
  /** Resolves when the server has ended the stream. */
  readonly ended: Promise<void>;
  cut(): void;
}

export async function follow(url: string, token: string, lastEventId?: string): Promise<Follower> {
  const connection = new AbortController();
  const response = await fetch(url, {
    headers: {
      Authorization: `Bearer ${token}`,
      ...(lastEventId !== undefined && { "Last-Event-ID": lastEventId }),
    },
    signal: connection.signal,
  });
  if (response.status !== 200 || response.body === null) throw new Error(`${response.status} ${await response.text()}`);
  const told: Told[] = [];
  const more = new EventTarget();
  let last = lastEventId ?? "";

  async function read(body: ReadableStream<Uint8Array>): Promise<void> {
    let text = "";
    const decoder = new TextDecoder();
    for await (const bytes of body) {
      text += decoder.decode(bytes, { stream: true });
      const messages = text.split("\n\n");
      text = messages.pop() ?? "";
      for (const message of messages) take(message);
      more.dispatchEvent(new globalThis.Event("more"));
    }
  }
  function take(message: string): void {
    for (const line of message.split("\n")) {
      if (connection.signal.aborted) return;
      if (line.startsWith("id: ")) last = line.slice(4);
      if (line.startsWith("data: ")) told.push(JSON.parse(line.slice(6)));
    }
  }
  return {
    told,
    lastEventId: () => last,
    async reaches(count) {
      const deadline = AbortSignal.timeout(20_000);
      while (told.length < count) {
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        more.addEventListener("more", () => resolve(), { once: true });
        deadline.addEventListener("abort", () => reject(new Error(`it was told of ${told.length}, not ${count}`)));
        await promise;
      }
    },
    ended: read(response.body).catch(() => {}),
    cut: () => connection.abort(),
  };
}
