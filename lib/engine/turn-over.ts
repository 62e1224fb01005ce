// The entries that end something of a run for good and let it begin anew: a turn of a loop, a generation of the code. Each is
// recorded alone, when there is nothing else to record, so that what it ends has been told so. A turn is not ended before all that
// only its own history tells is in the journal (V1, versions.ts).
import type { Entry, LoopTurned, RunContinued, RunContinueRefused } from "../ports/journal.ts";
import { PerdureError } from "../sdk/errors.ts";
import type { LoopCall } from "./call.ts";
import { decode, type Encoded } from "./codec.ts";
import type { Decision } from "./decision.ts";
import type { Engine } from "./engine.ts";
import type { Execution } from "./execution.ts";
import { endChild } from "./family.ts";
import { scopeOfTurn } from "./folds.ts";
import { packEncoded } from "./payloads.ts";
import { packResult } from "./step-runner.ts";
import { checkQuietly } from "./validate.ts";

/** What is due: the entry of one turn, or of the next generation, or what is to be recorded before it. */
export async function turnOver(
  engine: Engine,
  execution: Execution,
  { turns }: Decision,
): Promise<readonly Entry[]> {
  const { continuation } = execution.end;
  if (continuation !== undefined) return [await continued(engine, execution, continuation)];
  for (const { id, next } of turns) {
    if (next === undefined) continue;
    const marks = execution.versions.takeImplied(scopeOfTurn(id, next.turn - 1), engine.ports.clock.now());
    return marks.length > 0 ? marks : [await nextTurn(engine, execution, id, next)];
  }
  return [];
}

/** The children of the turn that ended are told to end, as their policy says. */
async function nextTurn(
  engine: Engine,
  execution: Execution,
  id: string,
  { turn, state }: NonNullable<LoopCall["next"]>,
): Promise<LoopTurned> {
  const { ports } = engine;
  const { runId } = execution.run;
  await cancelChildren(engine, execution, scopeOfTurn(id, turn - 1));
  return {
    type: "loop.turned",
    id,
    turn,
    value: await packEncoded(state, runId, engine),
    from: execution.folds.startOf(id),
    ...untakenBelow(execution, `${id}/`),
    // What `ctx.now()` shows must not depend on what is left out: a former owner's clock may have been ahead.
    at: Math.max(ports.clock.now(), execution.now),
  };
}

/** The newest code takes over; what does not fit its schema is refused. */
async function continued(
  engine: Engine,
  execution: Execution,
  input: Encoded,
): Promise<RunContinued | RunContinueRefused> {
  const { clock } = engine.ports;
  const { runId, workflow } = execution.run;
  const newest = engine.registry.get(workflow);
  if (newest === undefined)
    throw new PerdureError("E_UNKNOWN_WORKFLOW", `Run ${runId} is of workflow "${workflow}".`);
  const packed = await packResult(await checkQuietly(newest.inputSchema, decode(input)), runId, engine);
  const at = Math.max(clock.now(), execution.now);
  if (!packed.ok) return { type: "run.continue_refused", failure: packed.failure, at };
  await cancelChildren(engine, execution, "");
  const next = { generation: execution.generation + 1, value: packed.value };
  return { type: "run.continued", ...next, ...untakenBelow(execution, ""), at };
}

/** Also what earlier turns have named, and still nobody has taken (taken-signals.ts). */
function untakenBelow(execution: Execution, scope: string): Pick<LoopTurned, "untaken"> {
  const untaken = execution.signals.missedBelow(scope);
  return untaken.length === 0 ? {} : { untaken };
}

async function cancelChildren(engine: Engine, execution: Execution, scope: string): Promise<void> {
  for (const child of execution.children.toCancel(scope))
    await endChild(engine, child, `its parent ${execution.run.runId} has gone on without it`);
}
