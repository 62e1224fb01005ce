// What of a run's inbox nobody will ask for again. Taken out of it before META has a fold, so that what load reads stays as
// small as what replay needs.
//
// F4  A fact is used up only by what the journal says of it, never because nobody seems to wait for it: an owner that was
//     replaced and does not know it yet may see facts of calls it has not come to.
// F5  META has a fold only when every signal consumed in what it leaves out has left the inbox: nothing else knows them.
import type { Fact, Note, StepClaim } from "../ports/journal.ts";
import type { CallKind } from "./call.ts";
import { readCallKey } from "./call-key.ts";
import type { Execution } from "./execution.ts";
import { heartbeatNote } from "./kinds/callback.ts";
import { progressNote } from "./progress.ts";

/** What was last read of the inbox. */
export interface Held {
  readonly facts: readonly Fact[];
  readonly notes: readonly Note[];
  readonly stepClaims: readonly StepClaim[];
  /** Names of notes that were put since. */
  readonly noted: ReadonlySet<string>;
}

export interface UsedUp {
  readonly facts: readonly Fact[];
  readonly notes: readonly string[];
  readonly stepClaims: readonly number[];
}

/** `lastSeq`: of the journal. */
export function usedUp(execution: Execution, lastSeq: number, held: Held): UsedUp {
  const unanswered = new Set(execution.calls.dispatched());
  const isAnswered = (seq: number) => seq <= lastSeq && !unanswered.has(seq);
  return {
    facts: held.facts.filter((fact) => isUsedUp(execution, fact, isAnswered)),
    notes: notesOf(execution, held),
    stepClaims: held.stepClaims.map(({ seq }) => seq).filter(isAnswered),
  };
}

function isUsedUp(execution: Execution, fact: Fact, isAnswered: (seq: number) => boolean): boolean {
  switch (fact.kind) {
    case "signal":
      return execution.signals.keys.has(fact.key);
    case "step":
      return isAnswered(fact.seq);
    case "child":
    case "callback":
      return isOver(execution, fact.kind, fact.call);
    case "token":
      return isOver(execution, "callback", fact.callback);
    default:
      return false;
  }
}

/** F4: settled, or of a turn or a generation that has ended. */
function isOver(execution: Execution, kind: CallKind, key: string): boolean {
  const { id, generation } = readCallKey(key);
  if (generation !== execution.generation) return generation < execution.generation;
  if (execution.folds.isPast(id)) return true;
  const call = execution.calls.find(kind, id);
  const isToBeTold = call !== undefined && "isSettledOutside" in call && !call.isSettledOutside;
  return call?.settled === true && !(call.withdrawn && isToBeTold);
}

/** Notes of ended calls that were read or put here, and those that another process may have put since they were read. */
function notesOf({ ended }: Execution, { notes, noted }: Held): readonly string[] {
  const known = new Set([...notes.map(({ name }) => name), ...noted]);
  const found = new Set<string>();
  for (const { key, isNotedElsewhere } of ended)
    for (const name of [progressNote(key), heartbeatNote(key)])
      if (isNotedElsewhere || known.has(name)) found.add(name);
  return [...found];
}
