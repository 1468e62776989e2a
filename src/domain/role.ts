/** What a token may do; each role may do all that the ones before it may. */
export const roles = ["read", "request", "review", "admin"] as const;
export type Role = (typeof roles)[number];

export function mayActAs(held: Role, needed: Role): boolean {
  return roles.indexOf(held) >= roles.indexOf(needed);
}
