// Every kind of call.
import type { CallEntry } from "../../ports/journal.ts";
import type { CallKind } from "../call.ts";
import { callback } from "./callback.ts";
import { child } from "./child.ts";
import type { Kind } from "./kind.ts";
import { signal } from "./signal.ts";
import { sleep } from "./sleep.ts";
import { step } from "./step.ts";

const KINDS: { readonly [K in CallKind]: Kind<K> } = { step, sleep, signal, callback, child };

/** A kind takes only calls and entries of its own: both are looked up by its name. */
export function kindOf(kind: CallKind): Kind<CallKind> {
  return KINDS[kind] as unknown as Kind<CallKind>;
}

export function kindOfEntry(entry: CallEntry): CallKind {
  return entry.type.slice(0, entry.type.indexOf(".")) as CallKind;
}
