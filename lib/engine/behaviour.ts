// Changes of this engine that a replay can see. A run keeps the behaviour it was started with until it ends, so that an
// upgrade of Perdure under it never makes its journal fit no longer: where the engine behaves otherwise than before, it
// asks whether `run.behaviour` has come to the number of the change. test/golden/journals holds journals of every
// behaviour; each of them must replay for ever.
//
//   1  version 0.1
import type { Run } from "../ports/run.ts";
import { UnreadableError } from "./unreadable.ts";

/** That of new runs. Raise it with a change that replay can see, add a line above, and save journals of it. */
export const BEHAVIOUR = 1;

/** @throws E_NEWER_FORMAT when a newer engine has started the run: this one may read its journal wrongly */
export function assertBehaviourKnown({ runId, behaviour }: Pick<Run, "runId" | "behaviour">): void {
  if (behaviour <= BEHAVIOUR) return;
  const what = `Run ${runId} behaves as number ${behaviour} of Perdure's behaviours, and this version knows ${BEHAVIOUR}.`;
  throw new UnreadableError("E_NEWER_FORMAT", what);
}
