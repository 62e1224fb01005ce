// How a run ends: the entry that says so, and the status that META shows for it.
import type { Fact, RunTimedOut, TerminalEntry } from "../ports/journal.ts";
import type { ClosedStatus, Run } from "../ports/run.ts";
import { CancelledError, TimeoutError } from "../sdk/errors.ts";
import type { Ended } from "./code-end.ts";
import type { Engine } from "./engine.ts";
import type { Execution } from "./execution.ts";
import { packFailure } from "./payloads.ts";
import { packResult } from "./step-runner.ts";
import { unreachable } from "./unreachable.ts";

/** A result that cannot be recorded makes the run a failed one. */
export async function terminalOf(
  { run, end }: Execution,
  ended: Ended,
  engine: Engine,
  at: number,
): Promise<TerminalEntry> {
  const undone = ended.undone === undefined ? {} : { undone: ended.undone };
  if ("expired" in ended) return { ...(await timedOut(run, engine, at)), ...undone };
  const result = await packResult(ended, run.runId, engine);
  if (result.ok) return { type: "run.succeeded", value: result.value, at };
  // Who was asked to end and ends otherwise than with a result has done as asked, however it went.
  const type = end.isCancelled && !ended.ok ? "run.cancelled" : "run.failed";
  return { type, failure: result.failure, ...undone, at };
}

/** The run's deadline has passed. */
export async function timedOut(run: Run, engine: Engine, at: number): Promise<RunTimedOut> {
  const deadline = new Date(run.deadline ?? at).toISOString();
  const error = new TimeoutError(`run ${run.runId} did not end before its deadline ${deadline}`);
  return { type: "run.timed_out", failure: await packFailure(error, run.runId, engine), at };
}

/** Ended from outside, without its code. */
export async function cancelledOutright(
  run: Run,
  fact: CancelFact,
  engine: Engine,
  at: number,
): Promise<TerminalEntry> {
  const isTerminated = fact.kind === "terminate";
  const why = fact.reason === undefined ? "" : `: ${fact.reason}`;
  const how = isTerminated ? "terminated" : "cancelled before it began";
  const error = new CancelledError(`run ${run.runId} was ${how}${why}`);
  const failure = await packFailure(error, run.runId, engine);
  return { type: "run.cancelled", failure, ...(isTerminated ? { terminated: true } : {}), at };
}

export type CancelFact = Extract<Fact, { kind: "cancel" | "terminate" }>;

export function closedStatusOf(terminal: TerminalEntry): ClosedStatus {
  switch (terminal.type) {
    case "run.succeeded":
      return "succeeded";
    case "run.failed":
      return "failed";
    case "run.timed_out":
      return "timed_out";
    case "run.cancelled":
      return "cancelled";
    default:
      return unreachable(terminal);
  }
}
