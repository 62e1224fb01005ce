// A run as callers see it. META says how it stands; what came of it is the journal's last entry.

import type { InferOutput } from "valibot";
import { type Engine, readState, unpack } from "../engine/index.ts";
import { MAX_STATE_BYTES } from "../limits.ts";
import { isTerminal, type TerminalEntry } from "../ports/journal.ts";
import type { Failure, Payload } from "../ports/payload.ts";
import { isClosed, type Run, type Wait } from "../ports/run.ts";
import type { ErrorView, RunDetail, RunSummary, WaitView } from "./answers.ts";
import { toJsonView } from "./json-view.ts";

/** Input above this many characters of JSON is left out: together with a result it must fit the 6 MB of a Lambda's answer. */
const MAX_INPUT_SHOWN_CHARS = 256 * 1024;
/** Room for what a state comes to that says the same thing many times; beside it stand the input and the result. */
const MAX_STATE_SHOWN_BYTES = 2 * MAX_STATE_BYTES;

export function summarizeRun(run: Run): RunSummary {
  // Left over from the last suspension, these would be wrong of a run that is at work.
  const isSuspended = run.status === "suspended";
  const isWaiting = isSuspended || run.status === "paused";
  return {
    runId: run.runId,
    workflow: run.workflow,
    version: run.version,
    status: run.status,
    startedAt: isoTime(run.createdAt),
    ...(run.startAt === undefined ? {} : { startAt: isoTime(run.startAt) }),
    ...(run.closedAt === undefined ? {} : { closedAt: isoTime(run.closedAt) }),
    ...(run.deadline === undefined ? {} : { deadline: isoTime(run.deadline) }),
    ...(run.status === "stalled" && run.stalled !== undefined
      ? { stalled: { code: run.stalled.code, message: run.stalled.message, at: isoTime(run.stalled.at) } }
      : {}),
    ...(run.attributes === undefined ? {} : { attributes: run.attributes }),
    ...(run.paused && !isClosed(run.status) ? { paused: true } : {}),
    ...(run.parent === undefined ? {} : { parent: { runId: run.parent.runId, id: run.parent.id } }),
    ...(run.scheduled === undefined
      ? {}
      : { scheduled: { schedule: run.scheduled.schedule, for: isoTime(run.scheduled.for) } }),
    ...(run.forkedFrom === undefined
      ? {}
      : { forkedFrom: { runId: run.forkedFrom.runId, seq: run.forkedFrom.seq } }),
    waits: isWaiting ? run.waits.map(viewWait) : [],
    ...(isSuspended && run.nextWakeAt !== undefined ? { nextWakeAt: isoTime(run.nextWakeAt) } : {}),
  };
}

export async function describeRun(engine: Engine, run: Run): Promise<RunDetail> {
  const [input, outcome, state] = await Promise.all([
    viewInput(engine, run),
    viewOutcome(engine, run),
    viewState(engine, run),
  ]);
  return { ...summarizeRun(run), ...input, ...outcome, ...state };
}

export async function viewPayload(engine: Engine, payload: Payload, mostBytes?: number): Promise<unknown> {
  const value = await unpack(payload, engine.ports.blobs);
  // Recorded as plain JSON it is shown whole, however many parts it has.
  return payload.encoding === "json" ? value : toJsonView(value, mostBytes);
}

export function viewFailure({ name, message, code, where }: Failure): InferOutput<typeof ErrorView> {
  return {
    name,
    message,
    ...(code === undefined ? {} : { code }),
    ...(where === undefined ? {} : { where }),
  };
}

export function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

async function viewInput(engine: Engine, { runId, input }: Run): Promise<Pick<RunDetail, "input">> {
  const payload = "payload" in input ? input.payload : await factPayload(engine, runId, input.fact);
  if (payload === undefined) return {};
  const shown = await viewPayload(engine, payload);
  return JSON.stringify(shown).length > MAX_INPUT_SHOWN_CHARS ? {} : { input: shown };
}

async function factPayload({ ports }: Engine, runId: string, key: string): Promise<Payload | undefined> {
  const fact = await ports.store.journal.fact(runId, key);
  return fact?.kind === "input" ? fact.value : undefined;
}

/** What became of a run besides its error. */
export function viewUndoing(
  terminal: Extract<TerminalEntry, { failure: Failure }>,
): Pick<RunDetail, "undone" | "terminated"> {
  return {
    ...(terminal.undone === undefined ? {} : { undone: terminal.undone.map((undone) => ({ ...undone })) }),
    ...(terminal.type === "run.cancelled" && terminal.terminated ? { terminated: true } : {}),
  };
}

type OutcomeView = Pick<RunDetail, "result" | "error" | "undone" | "terminated">;

async function viewOutcome(engine: Engine, run: Run): Promise<OutcomeView> {
  if (!isClosed(run.status)) return {};
  const checkpoint = await engine.ports.store.journal.last(run.runId);
  const terminal = checkpoint?.entries.at(-1);
  if (terminal === undefined || !isTerminal(terminal)) return {};
  return terminal.type === "run.succeeded"
    ? { result: await viewPayload(engine, terminal.value) }
    : { error: viewFailure(terminal.failure), ...viewUndoing(terminal) };
}

async function viewState(engine: Engine, { runId }: Run): Promise<Pick<RunDetail, "state">> {
  const state = await readState(engine, runId);
  if (state === undefined) return {};
  const value = await viewPayload(engine, state.value, MAX_STATE_SHOWN_BYTES);
  return { state: { value, at: isoTime(state.at) } };
}

function viewWait(wait: Wait): InferOutput<typeof WaitView> {
  const { until, ...rest } = wait;
  return { ...rest, ...(until === undefined ? {} : { until: isoTime(until) }) };
}
