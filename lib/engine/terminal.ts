// How a run ends: the entry that says so, and the status that META shows for it.
import type { TerminalEntry } from "../ports/journal.ts";
import type { ClosedStatus, Run } from "../ports/run.ts";
import { TimeoutError } from "../sdk/errors.ts";
import type { Engine } from "./engine.ts";
import type { Outcome } from "./execution.ts";
import { packFailure } from "./payloads.ts";
import { packResult } from "./step-runner.ts";
import { unreachable } from "./unreachable.ts";

/** A result that cannot be recorded makes the run a failed one. */
export async function terminalOf(
  run: Run,
  outcome: Outcome,
  engine: Engine,
  at: number,
): Promise<TerminalEntry> {
  const result = await packResult(outcome, run.runId, engine);
  return result.ok
    ? { type: "run.succeeded", value: result.value, at }
    : { type: "run.failed", failure: result.failure, at };
}

/** `deadline` is epoch ms. */
export async function timedOut(
  run: Run,
  deadline: number,
  engine: Engine,
  at: number,
): Promise<TerminalEntry> {
  const error = new TimeoutError(
    `run ${run.runId} did not end before its deadline ${new Date(deadline).toISOString()}`,
  );
  return { type: "run.timed_out", failure: await packFailure(error, run.runId, engine), at };
}

export function closedStatusOf(terminal: TerminalEntry): ClosedStatus {
  switch (terminal.type) {
    case "run.succeeded":
      return "succeeded";
    case "run.failed":
      return "failed";
    case "run.timed_out":
      return "timed_out";
    default:
      return unreachable(terminal);
  }
}
