import { setTimeout as delay } from "node:timers/promises";

/** Waits about that long: two that collided once would collide again if they waited equally long. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await delay(ms * (0.5 + Math.random()), undefined, signal === undefined ? {} : { signal });
}
