// Child runs: started, told to end, and their ends recorded (kinds/child.ts).
import { MAX_PARALLEL_STARTS } from "../limits.ts";
import type { CallEntry } from "../ports/journal.ts";
import type { Run } from "../ports/run.ts";
import { PerdureError } from "../sdk/errors.ts";
import type { ChildCall } from "./call.ts";
import { cancelQuietly } from "./cancel-run.ts";
import type { Decision } from "./decision.ts";
import type { Engine } from "./engine.ts";
import { packFailure } from "./payloads.ts";
import { startRun } from "./start-run.ts";

export async function performChildren(engine: Engine, run: Run, decision: Decision): Promise<CallEntry[]> {
  const { clock } = engine.ports;
  const started = await inParallel(decision.startChildren, (call) => start(engine, run, call, decision));
  const entries: CallEntry[] = started.filter((entry) => entry !== undefined);
  for (const { call, fact } of decision.childrenEnded) {
    const of = { id: call.id, at: clock.now() };
    entries.push(
      fact.outcome.ok
        ? { type: "child.succeeded", ...of, value: fact.outcome.value }
        : { type: "child.failed", ...of, failure: fact.outcome.failure, status: fact.status },
    );
  }
  const cancelled = await inParallel(decision.cancelChildren, async (call): Promise<CallEntry> => {
    await cancelQuietly(engine, call.runId, `its parent ${run.runId} no longer waits for it`);
    return { type: "child.cancelled", id: call.id, at: clock.now() };
  });
  return [...entries, ...cancelled];
}

/** Nothing when the child's code is not deployed here: that is for a person to mend. */
async function start(
  engine: Engine,
  run: Run,
  call: ChildCall,
  decision: Decision,
): Promise<CallEntry | undefined> {
  const { clock } = engine.ports;
  const { runId, workflow, input, onParentClose } = call;
  const parent = { runId: run.runId, id: call.key, awaits: call.isAwaited };
  try {
    await startRun(engine, { workflow, input, runId, parent });
    return { type: "child.started", id: call.id, runId, onParentClose, at: clock.now() };
  } catch (error) {
    if (!(error instanceof PerdureError)) throw error;
    if (error.code === "E_UNKNOWN_WORKFLOW") {
      decision.fault ??= error;
      return undefined;
    }
    const failure = await packFailure(error, run.runId, engine);
    return { type: "child.failed", id: call.id, failure, at: clock.now() };
  }
}

async function inParallel<In, Out>(inputs: readonly In[], work: (input: In) => Promise<Out>): Promise<Out[]> {
  const outputs: Out[] = [];
  for (let first = 0; first < inputs.length; first += MAX_PARALLEL_STARTS) {
    outputs.push(...(await Promise.all(inputs.slice(first, first + MAX_PARALLEL_STARTS).map(work))));
  }
  return outputs;
}
