import type { Socket } from "node:net";
import type { Request, RequestHandler, Response } from "express";
import type { Services } from "../../actions/services.ts";
import { TooManyStreams } from "../../domain/faults/http.ts";
import type { TokenId } from "../../domain/ids.ts";
import { revokedTokens } from "../../store/tokens.ts";
import { inTime } from "./in-time.ts";

/** A client's event stream, for as long as its connection is open. */
export interface OpenStream {
  /** Aborts when the stream is over, for whatever reason. */
  readonly over: AbortSignal;
  /** Gives the place back, where another answer than a stream is sent. */
  leave(): void;
}

/**
 * The event streams that are open. Which those are is told by their sockets and by nothing else: a count that is raised
 * and lowered drifts with every way of closing that is not foreseen.
 */
export interface OpenStreams {
  /** Null when the client has closed its connection already. Throws `TooManyStreams`. */
  open(request: Request, response: Response, options: StreamOwner): OpenStream | null;
  count(): number;
  /** Cuts a request off that was sent behind a stream on its connection: an answer to it could never be sent. */
  readonly cutOffPipelined: RequestHandler;
  /** Ends the streams of a token, or all. */
  end(token?: TokenId): void;
  /** Ends all streams and stops looking after them. */
  close(): void;
}

export interface StreamOwner {
  readonly token: TokenId;
  /** Called every 15 s while the stream is open. */
  readonly beat: () => void;
}

const most = 500;
/** So that the holder of one token can't take all of them. */
const mostOfToken = 100;
const beatMs = 15_000;

interface Stream extends StreamOwner {
  readonly socket: Socket;
  readonly response: Response;
  readonly over: AbortController;
}

export function makeOpenStreams({ sql, log }: Pick<Services, "sql" | "log">): OpenStreams {
  const streams = new Set<Stream>();
  let asking = false;
  const beating = setInterval(beatAll, beatMs).unref();

  function open(): Stream[] {
    for (const stream of streams) if (stream.socket.destroyed) leave(stream);
    return [...streams];
  }
  function leave(stream: Stream): void {
    streams.delete(stream);
    stream.over.abort();
  }
  function beatAll(): void {
    for (const stream of open()) {
      // It has been ended, by us or by the client's half, and what was left to send was not taken since the last beat.
      if (stream.socket.writableEnded || stream.response.writableEnded) stream.socket.destroy();
      else stream.beat();
    }
    void endRevoked();
  }
  /** A token that is revoked elsewhere, in SQL or by another process, ends its streams too. */
  async function endRevoked(): Promise<void> {
    const tokens = new Set(open().map(({ token }) => token));
    if (asking || tokens.size === 0) return;
    asking = true;
    try {
      for (const token of await inTime(revokedTokens(sql, [...tokens]))) end(token);
    } catch (err) {
      log.warn({ err }, "whether the tokens of event streams are good could not be asked");
    }
    asking = false;
  }
  function end(token?: TokenId): void {
    for (const stream of open()) {
      if (token !== undefined && stream.token !== token) continue;
      if (stream.response.headersSent) stream.response.end();
      else stream.socket.destroy();
    }
  }

  return {
    open(request, response, owner) {
      const { socket } = request;
      if (socket.destroyed) return null;
      const others = open();
      // Both were sent before either was a stream.
      if (others.some((other) => other.socket === socket)) {
        socket.destroy();
        return null;
      }
      const ofToken = others.filter(({ token }) => token === owner.token).length;
      if (ofToken >= mostOfToken) throw new TooManyStreams(mostOfToken, "with this token");
      if (others.length >= most) throw new TooManyStreams(most, "in all");
      const stream = { ...owner, socket, response, over: new AbortController() };
      streams.add(stream);
      socket.once("close", () => leave(stream));
      return { over: stream.over.signal, leave: () => leave(stream) };
    },
    count: () => open().length,
    cutOffPipelined({ socket }, _response, next) {
      if ([...streams].some((stream) => stream.socket === socket)) socket.destroy();
      else next();
    },
    end,
    close() {
      clearInterval(beating);
      end();
    },
  };
}
