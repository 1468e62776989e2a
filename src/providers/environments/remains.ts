import { exists } from "../files.ts";
import { environmentMarker, type Place } from "./place.ts";
import type { Remains } from "./port.ts";
import { processTable } from "./process-table.ts";

/** Looks at the machine itself, and at nothing that whoever removed the environment has written down. */
export async function remainsOf(place: Place): Promise<Remains> {
  const marker = environmentMarker(place);
  const table = await processTable();
  const processes = table.filter(({ variables }) => variables.includes(marker)).map(({ pid }) => pid);
  return { folder: await exists(place.root), processes };
}
