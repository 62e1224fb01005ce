// Chance that is the same on every replay: drawn from the run's id and the scope and number of the draw.
import { sha256Hex } from "./digest.ts";

/** From 0 up to 1, with 52 bits. */
export function seededRandom(runId: string, draw: string): number {
  return Number.parseInt(sha256Hex(`random ${runId} ${draw}`).slice(0, 13), 16) / 2 ** 52;
}

/** Shaped as a version 4 UUID. */
export function seededUuid(runId: string, draw: string): string {
  const hex = sha256Hex(`uuid ${runId} ${draw}`);
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
