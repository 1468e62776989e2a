import { commitAll, headCommit } from "../../../../src/providers/git/checkout/checkout.ts";
import { author, makeCheckout, makeWorld, type World, write } from "../support.ts";

export const branch = "change/leaves-things";
export const prefix = "change/saved/leaves-things";

/** A checkout in which an agent has committed its work, which is not pushed yet. */
export async function atWork(): Promise<{
  world: World;
  place: Awaited<ReturnType<typeof makeCheckout>>;
  base: string;
}> {
  const world = await makeWorld();
  const place = await makeCheckout(world, branch);
  const base = await headCommit(place);
  await write(place.checkout, { "work.txt": "the work\n" });
  await commitAll(place, { message: "The work", author, branch });
  return { world, place, base };
}
