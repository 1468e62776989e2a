import type { EnvironmentId } from "../ids.ts";
import type { StepId } from "../plans/run.ts";

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/**
 * The UUID of an agent's session: that of its environment, or of an attempt of a step. It is their ULID written as a
 * UUID, so it is known before the agent starts and a crash can't lose it.
 */
export function sessionIdOf(id: EnvironmentId | StepId, attempt = 0): string {
  const number = [...id].reduce((sum, character) => sum * 32n + BigInt(alphabet.indexOf(character)), 0n);
  const value = (number + BigInt(attempt)) % 2n ** 128n;
  const hex = value.toString(16).padStart(32, "0").slice(-32);
  // Version 8 ("as the maker likes") and the RFC's variant.
  const marked = `${hex.slice(0, 12)}8${hex.slice(13, 16)}${((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16)}${hex.slice(17)}`;
  return marked.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
