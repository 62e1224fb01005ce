// Where the cloud suite keeps things: in the repository's cache, which git ignores.
import { mkdirSync } from "node:fs";
import path from "node:path";

export const REPOSITORY = path.resolve(import.meta.dirname, "../..");

/** A folder below `.cache/cloud`, made when it is missing. */
export function cacheFolder(...parts: readonly string[]): string {
  const folder = path.join(REPOSITORY, ".cache", "cloud", ...parts);
  mkdirSync(folder, { recursive: true });
  return folder;
}
