// What a kind of call is to the engine: how the journal's entries change a call of it, and what is to be done about an
// open one. A new primitive that waits is one file here, its entries in ports/journal.ts, and a line in index.ts.
//
// Both functions are pure in what they do to the outside: `apply` changes the call and settles it, `decide` only fills in
// the decision. So a call is the same after every replay (D1).
import type { CallEntry } from "../../ports/journal.ts";
import type { Run } from "../../ports/run.ts";
import type { Call, CallKind, CallOf } from "../call.ts";
import type { Decision, Situation } from "../decision.ts";

/** Entries belong to the kind whose name their type begins with: `step.failed` is a step's. */
export type EntryOf<K extends CallKind> = Extract<CallEntry, { readonly type: `${K}.${string}` }>;

/** An entry at its position, with its value or error unpacked. */
export interface Delivered {
  readonly run: Run;
  readonly seq: number;
  readonly value: unknown;
  resolve(call: Call, value: unknown): void;
  reject(call: Call, error: unknown): void;
  /** An inbox fact is used up. */
  consume(factKey: string): void;
  /** The step has succeeded: what undoes it is kept. */
  keepUndo(call: CallOf<"step">, value: unknown): void;
}

export interface Kind<K extends CallKind> {
  apply(call: CallOf<K>, entry: EntryOf<K>, delivered: Delivered): void;
  decide(call: CallOf<K>, situation: Situation, decision: Decision): void;
  /** What an entry says of a call that nobody wants any more; ignored when absent. */
  applyWithdrawn?(call: CallOf<K>, entry: EntryOf<K>, delivered: Delivered): void;
  /** What the outside must be told about a call that nobody wants any more. */
  decideWithdrawn?(call: CallOf<K>, situation: Situation, decision: Decision): void;
}
