// An inbox fact as an item of the table, and back; in the inbox (I#) and among those that were used up (U#).
import { asFact } from "../engine/stored-forms.ts";
import type { Fact } from "../ports/journal.ts";
import type { Item, Key } from "./table.ts";

/** The key is in the sort key alone. */
export function toFactItem(at: Key, { key: _, ...fact }: Fact, mark: string): Item & Key {
  return { ...at, ...fact, mark };
}

/** @throws E_CORRUPT, E_NEWER_FORMAT */
export function fromFactItem({ pk, sk, mark: _, ...fact }: Item): Fact {
  // Both prefixes are two characters long.
  return asFact({ ...fact, key: String(sk).slice(2) }, `The item ${String(pk)} ${String(sk)}`);
}
