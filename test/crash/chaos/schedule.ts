import { chanceFrom } from "../../support/chance.ts";

/** What happens at one beat of a chaos run. */
export interface Beat {
  /** Which of the workers is killed, from 0. */
  readonly victim: number;
  /** Whether Postgres is crashed as well. */
  readonly crashes: boolean;
}

const crashes = 5;
/** One crash in each stretch of so many beats, from the second stretch on. */
const stretch = 16;

/** Goes on for ever, and is the same for the same seed. */
export function* schedule(seed: number, workers: number): Generator<Beat> {
  const chance = chanceFrom(seed);
  const crashBeats = Array.from({ length: crashes }, (_, n) => (n + 1) * stretch + Math.floor(chance() * stretch));
  for (let beat = 0; ; beat += 1) {
    yield { victim: Math.floor(chance() * workers), crashes: crashBeats.includes(beat) };
  }
}
