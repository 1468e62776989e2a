import type { Services } from "../actions/services.ts";
import type { EventFeed } from "./events/event-feed.ts";
import type { OpenStreams } from "./events/open-streams.ts";
import type { Measures } from "./measures.ts";

/** All that a route may use. */
export interface Api {
  readonly services: Services;
  readonly feed: EventFeed;
  readonly streams: OpenStreams;
  readonly measures: Measures;
  /** Whether the process does its work, besides answering. */
  readonly ready: () => Promise<boolean>;
  /** The OpenAPI description of every route. */
  readonly document: object;
}
