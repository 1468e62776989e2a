/** Where in a JSON document something is: the keys and the places in lists that lead there. */
export type Place = readonly (string | number)[];

/** No plan is nested deeper: more than a person writes, and little enough for recursion. */
export const deepest = 100;

/** `steps[3].env["a b"]`, with long keys cut; nothing for the document itself. */
export function showPlace(place: Place): string {
  const parts = place.map((part) => {
    if (typeof part === "number") return `[${part}]`;
    const shown = part.length > 100 ? `${part.slice(0, 100)}…` : part;
    return /^[$A-Za-z_]\w*$/.test(shown) ? `.${shown}` : `[${JSON.stringify(shown)}]`;
  });
  return parts.join("").replace(/^\./, "");
}
