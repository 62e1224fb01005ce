// Every kind of call.
import type { CallEntry } from "../../ports/journal.ts";
import type { CallKind } from "../call.ts";
import { attributes } from "./attributes.ts";
import { callback } from "./callback.ts";
import { child } from "./child.ts";
import { event } from "./event.ts";
import type { Kind } from "./kind.ts";
import { loop } from "./loop.ts";
import { signal } from "./signal.ts";
import { sleep } from "./sleep.ts";
import { state } from "./state.ts";
import { step } from "./step.ts";
import { tx } from "./tx.ts";

const KINDS: { readonly [K in CallKind]: Kind<K> } = {
  step,
  sleep,
  signal,
  callback,
  child,
  state,
  attributes,
  event,
  tx,
  loop,
};

/** A kind takes only calls and entries of its own: both are looked up by its name. */
export function kindOf(kind: CallKind): Kind<CallKind> {
  return KINDS[kind] as unknown as Kind<CallKind>;
}

export function kindOfEntry(entry: CallEntry): CallKind {
  return entry.type.slice(0, entry.type.indexOf(".")) as CallKind;
}
