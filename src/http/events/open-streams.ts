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
  /** Counts the stream as closed, where an error is answered instead of a stream. */
  leave(): void;
}

/**
 * The event streams that are open: those whose sockets are. A counter that is raised and lowered would drift with each way of
 * closing that was forgotten.
 */
export interface OpenStreams {
  /** Null when the client has closed its connection already. Throws `TooManyStreams`. */
  open(request: Request, response: Response, options: StreamOwner): OpenStream | null;
  count(): number;
  /** Closes the connection of a request that was pipelined behind a stream: it could never be answered. */
  readonly cutOffPipelined: RequestHandler;
  /** Ends the streams of a token, or all. */
  end(token?: TokenId): void;
  /** Ends all streams, and the timer. */
  close(): void;
}

export interface StreamOwner {
  readonly token: TokenId;
  /** Called every 15 s while the stream is open. */
  readonly beat: () => void;
}

const most = 500;
/** So that one token can't use all of them. */
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

  function openOnes(): Stream[] {
    for (const stream of streams) if (stream.socket.destroyed) leave(stream);
    return [...streams];
  }
  function leave(stream: Stream): void {
    streams.delete(stream);
    stream.over.abort();
  }
  function beatAll(): void {
    for (const stream of openOnes()) {
      // One side has ended it, and the client has not read the rest since the last beat.
      if (stream.socket.writableEnded || stream.response.writableEnded) stream.socket.destroy();
      else stream.beat();
    }
    void endRevoked();
  }
  /** A token that is revoked elsewhere, in SQL or by another process, ends its streams too. */
  async function endRevoked(): Promise<void> {
    const tokens = new Set(openOnes().map(({ token }) => token));
    if (asking || tokens.size === 0) return;
    asking = true;
    try {
      for (const token of await inTime(revokedTokens(sql, [...tokens]))) end(token);
    } catch (err) {
      log.warn({ err }, "tokens of event streams could not be checked");
    }
    asking = false;
  }
  function end(token?: TokenId): void {
    for (const stream of openOnes()) {
      if (token !== undefined && stream.token !== token) continue;
      if (stream.response.headersSent) stream.response.end();
      else stream.socket.destroy();
    }
  }

  return {
    open(request, response, owner) {
      const { socket } = request;
      if (socket.destroyed) return null;
      const others = openOnes();
      // A second request on this connection became a stream before the first one did.
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
    count: () => openOnes().length,
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
