// Child runs: begun, made, told to end, and their ends recorded (kinds/child.ts). A child is made after the journal says that
// it has begun, and before the code hears so (K1): so whoever ends its parent knows of every child that there is or will be,
// and an owner that was replaced makes none that the journal has refused.
//
//   append child.started ──► make the run ──► the code goes on
//
// Who dies between the two is made up for by the next activation, which makes again what began behind META's `lastSeq`.
import { MAX_PARALLEL_STARTS } from "../limits.ts";
import type { CallEntry, ChildFailed, ChildStarted } from "../ports/journal.ts";
import type { Run } from "../ports/run.ts";
import { PerdureError } from "../sdk/errors.ts";
import type { ChildCall } from "./call.ts";
import { cancelQuietly } from "./cancel-run.ts";
import { encode } from "./codec.ts";
import type { Decision } from "./decision.ts";
import type { Engine } from "./engine.ts";
import type { Execution } from "./execution.ts";
import { endChild, isForgotten } from "./family.ts";
import { inParallel } from "./in-parallel.ts";
import { packFailure } from "./payloads.ts";
import { assertSame, type CheckedStart, checkStart, createRun } from "./start-run.ts";

export async function performChildren(engine: Engine, run: Run, decision: Decision): Promise<CallEntry[]> {
  const { clock } = engine.ports;
  const begun = await inParallel(decision.startChildren, MAX_PARALLEL_STARTS, (call) =>
    begin(engine, run, call, decision),
  );
  const entries: CallEntry[] = begun.filter((entry) => entry !== undefined);
  for (const { call, fact } of decision.childrenEnded) {
    const of = { id: call.id, at: clock.now() };
    entries.push(
      fact.outcome.ok
        ? { type: "child.succeeded", ...of, value: fact.outcome.value }
        : { type: "child.failed", ...of, failure: fact.outcome.failure, status: fact.status },
    );
  }
  const cancelled = await inParallel(
    decision.cancelChildren,
    MAX_PARALLEL_STARTS,
    async (call): Promise<CallEntry> => {
      const at = clock.now();
      if (call.endsFor !== undefined) await cancelQuietly(engine, call.runId, call.endsFor);
      else {
        const started = { runId: call.runId, at: call.startedAt ?? at };
        await endChild(engine, started, `its parent ${run.runId} no longer waits for it`);
      }
      return { type: "child.cancelled", id: call.id, at };
    },
  );
  return [...entries, ...cancelled];
}

/** Makes the children whose start is in the journal. Answers what became of those that there cannot be. */
export async function makeChildren(
  engine: Engine,
  execution: Execution,
  begun: readonly ChildStarted[],
): Promise<ChildFailed[]> {
  const failed = await inParallel(begun, MAX_PARALLEL_STARTS, async ({ id, at }) => {
    const call = execution.calls.find("child", id);
    // One that may have been deleted must not be made a second time.
    if (call?.kind !== "child" || isForgotten(engine, at)) return undefined;
    try {
      await createRun(engine, await startOf(engine, execution.run, call));
      return undefined;
    } catch (error) {
      if (!(error instanceof PerdureError)) throw error;
      // It is there, made before a crash by code that gave it something else.
      if (error.code === "E_IDEMPOTENCY_CONFLICT" && (await isMade(engine, execution.run, call)))
        return undefined;
      if (call.isAwaited && error.code !== "E_UNKNOWN_WORKFLOW")
        return await failedToStart(engine, execution.run, call, error);
      execution.fault ??= error;
      return undefined;
    }
  });
  return failed.filter((entry) => entry !== undefined);
}

/** Nothing when the child's code is not deployed here: that is for a person to mend. */
async function begin(
  engine: Engine,
  run: Run,
  call: ChildCall,
  decision: Decision,
): Promise<CallEntry | undefined> {
  const { clock, store } = engine.ports;
  const { id, runId, onParentClose } = call;
  try {
    const start = await startOf(engine, run, call);
    // What its schema made of the input may not be storable.
    if (start.value !== call.input) encode(start.value);
    // Of a child that nobody waits for, the code could not be told afterwards.
    const existing = call.isAwaited ? undefined : await store.runs.get(runId);
    if (existing !== undefined) assertSame(existing, start);
    if (existing !== undefined && call.start !== undefined) throw startedBefore(runId);
    return { type: "child.started", id, runId, onParentClose, at: clock.now() };
  } catch (error) {
    if (!(error instanceof PerdureError)) throw error;
    // What a schedule starts is not in its own hands: it goes on without.
    if (error.code !== "E_UNKNOWN_WORKFLOW" || call.start !== undefined)
      return await failedToStart(engine, run, call, error);
    decision.fault ??= error;
    return undefined;
  }
}

/** Whether the run of that id is this very child. */
async function isMade({ ports }: Engine, { runId }: Run, call: ChildCall): Promise<boolean> {
  const parent = (await ports.store.runs.get(call.runId))?.parent;
  return parent?.runId === runId && parent.id === call.key;
}

async function startOf(engine: Engine, run: Run, call: ChildCall): Promise<CheckedStart> {
  const { workflow, input, runId } = call;
  const parent = { runId: run.runId, id: call.key, awaits: call.isAwaited };
  call.checked ??= await checkStart(engine, { workflow, input, runId, parent, ...call.start });
  return call.checked;
}

async function failedToStart(
  engine: Engine,
  run: Run,
  { id }: ChildCall,
  error: PerdureError,
): Promise<ChildFailed> {
  const failure = await packFailure(error, run.runId, engine);
  return { type: "child.failed", id, failure, at: engine.ports.clock.now() };
}

/** Under an id that was chosen: that of a time that has had its run. */
function startedBefore(runId: string): PerdureError {
  return new PerdureError("E_IDEMPOTENCY_CONFLICT", `Run ${runId} was started before by another call.`);
}
