// What asking for a run's end and ending it have in common.
import type { Fact } from "../ports/journal.ts";
import { isClosed, type Run } from "../ports/run.ts";
import { PerdureError } from "../sdk/errors.ts";
import type { Engine } from "./engine.ts";
import { retentionMs } from "./settings.ts";
import type { CancelFact } from "./terminal.ts";

/** Longest reason that is kept. */
const MAX_REASON_CHARS = 1_000;

export interface EndRequest {
  readonly runId: string;
  readonly reason?: string;
}

/** The kind is the key: asking twice is asking once. */
export async function putEndFact(
  { ports }: Engine,
  { runId, reason }: EndRequest,
  kind: CancelFact["kind"],
): Promise<CancelFact> {
  const fact: CancelFact = {
    kind,
    key: kind,
    at: ports.clock.now(),
    // Half of a character no table takes.
    ...(reason === undefined ? {} : { reason: reason.toWellFormed() }),
  };
  await ports.store.journal.putFact(runId, fact);
  return fact;
}

/**
 * What was asked of this run. A child that was never made may have been told to end (K2); that is no concern of a child with the
 * same id, when its family is long forgotten and its parent's id is used again.
 */
export function endFactOf(
  { settings }: Engine,
  run: Run,
  facts: readonly Fact[],
  kind: CancelFact["kind"],
): CancelFact | undefined {
  const sinceMs = run.createdAt - retentionMs(settings);
  return facts.find((fact): fact is CancelFact => fact.kind === kind && fact.at >= sinceMs);
}

/** @throws E_RUN_NOT_FOUND, E_RUN_CLOSED, E_BAD_OPTION */
export async function openRun(engine: Engine, { runId, reason }: EndRequest): Promise<void> {
  if (reason !== undefined && reason.length > MAX_REASON_CHARS) {
    throw new PerdureError(
      "E_BAD_OPTION",
      `The reason has ${reason.length} characters; it may have ${MAX_REASON_CHARS}.`,
    );
  }
  const run = await readRun(engine, runId);
  if (isClosed(run.status)) throw new PerdureError("E_RUN_CLOSED", `Run ${runId} is ${run.status}.`);
}

/** @throws E_RUN_NOT_FOUND */
export async function readRun({ ports }: Engine, runId: string): Promise<Run> {
  const run = await ports.store.runs.get(runId);
  if (run === undefined) throw new PerdureError("E_RUN_NOT_FOUND", `There is no run "${runId}".`);
  return run;
}
