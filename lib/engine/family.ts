// What a run owes its family when it ends: its children are told, as their policies say, and its parent hears how it went.
// After the terminal entry and before META closes (J4), so that whoever finds the run half closed does it again; a
// child that was told and a fact that is there are not harmed by that.
import type { ChildStarted, Fact, TerminalEntry } from "../ports/journal.ts";
import { isClosed, type Run } from "../ports/run.ts";
import { shortDigest } from "./digest.ts";
import { putEndFact } from "./end-request.ts";
import type { Engine } from "./engine.ts";
import { childFactKey } from "./kinds/child.ts";
import { movePayload } from "./move-payload.ts";
import { pack } from "./payloads.ts";
import { putFactOnce } from "./read-fact.ts";
import { SCHEDULE_SIGNAL, type ScheduleEvent } from "./schedules/events.ts";
import { retentionMs } from "./settings.ts";
import { closedStatusOf } from "./terminal.ts";
import { wake } from "./wake.ts";

export async function tellFamily(
  engine: Engine,
  run: Run,
  terminal: TerminalEntry,
  children: readonly ChildStarted[],
): Promise<void> {
  for (const child of children) await endChild(engine, child, `its parent ${run.runId} has ended`);
  if (run.parent !== undefined && run.scheduled !== undefined)
    await tellSchedule(engine, run, run.parent.runId, terminal);
  if (run.parent?.awaits) await tellParent(engine, run.parent.runId, run.parent.id, terminal);
}

/**
 * Asks a child to end that may have ended, or that is yet to be made by somebody slow who has recorded its start: the fact waits for
 * it there, and it ends before it begins (K2).
 */
export async function endChild(
  engine: Engine,
  { runId, at }: Pick<ChildStarted, "runId" | "at">,
  reason: string,
): Promise<void> {
  const child = await engine.ports.store.runs.get(runId);
  const isOver = child === undefined ? isForgotten(engine, at) : isClosed(child.status);
  if (isOver) return;
  await putEndFact(engine, { runId, reason }, "cancel");
  await wake(engine, runId);
}

/** Whether a child that began at this time may have ended and been deleted. */
export function isForgotten({ ports, settings }: Engine, startedAt: number): boolean {
  return startedAt + retentionMs(settings) <= ports.clock.now();
}

/** A schedule has one wait for all that it is told: a signal. */
async function tellSchedule(
  engine: Engine,
  { runId }: Run,
  scheduleRunId: string,
  terminal: TerminalEntry,
): Promise<void> {
  const { store } = engine.ports;
  const schedule = await store.runs.get(scheduleRunId);
  if (schedule === undefined || isClosed(schedule.status)) return;
  const event: ScheduleEvent = { type: "closed", runId, status: closedStatusOf(terminal) };
  const key = `signal-closed-${shortDigest(runId)}`;
  const value = await pack(event, scheduleRunId, engine);
  const fact: Fact = { kind: "signal", key, at: terminal.at, signal: SCHEDULE_SIGNAL, value };
  await putFactOnce(store, scheduleRunId, fact);
  await wake(engine, scheduleRunId);
}

async function tellParent(
  engine: Engine,
  parentId: string,
  call: string,
  terminal: TerminalEntry,
): Promise<void> {
  const { store } = engine.ports;
  const parent = await store.runs.get(parentId);
  if (parent === undefined || isClosed(parent.status)) return;
  const outcome =
    terminal.type === "run.succeeded"
      ? { ok: true as const, value: await movePayload(engine, parentId, terminal.value) }
      : {
          ok: false as const,
          failure: {
            ...terminal.failure,
            error: await movePayload(engine, parentId, terminal.failure.error),
          },
        };
  const status = closedStatusOf(terminal);
  const fact: Fact = { kind: "child", key: childFactKey(call), at: terminal.at, call, status, outcome };
  await store.journal.putFact(parentId, fact);
  await wake(engine, parentId);
}
