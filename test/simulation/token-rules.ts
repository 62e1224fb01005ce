// A token is known to whoever was handed it and to nobody else: no port is ever given its secret to keep or to carry.

/** What the simulated source of chance gives out (chance.ts). */
const SECRET = /-{9,}secret\d/;

export function holdsSecret(value: unknown): boolean {
  if (typeof value === "string") return SECRET.test(value);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return false;
  return Object.values(value).some(holdsSecret);
}
