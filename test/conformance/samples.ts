// Valid examples of what the ports carry. Ids are new on each call, so that tests can share a table; times are fixed,
// because nothing in the store may look at a clock of its own. Sweep times are whole ten minutes, the grain of the index.
import { randomUUID } from "node:crypto";
import type { Checkpoint, Fact, StepSucceeded } from "../../lib/ports/journal.ts";
import type { Payload } from "../../lib/ports/payload.ts";
import type { Run } from "../../lib/ports/run.ts";
import type { Suspension } from "../../lib/ports/store.ts";

export const MINUTE_MS = 60_000;
/** An epoch ms that is a whole ten minutes, in November 2023. */
export const NOW = 1_700_000_400_000;
/** Epoch seconds in 2096: no TTL removes it while a test runs. */
export const FAR_FUTURE_SECONDS = 4_000_000_000;

export function aRunId(): string {
  return `run_${randomUUID()}`;
}

export function aPayload(text = '{"amount":42}'): Payload {
  return { encoding: "json", text };
}

/** A run that was just started: cause 1 is there, nobody has looked at it. */
export function aRun(overrides: Partial<Run> = {}): Run {
  return {
    runId: aRunId(),
    workflow: "order",
    version: "1",
    status: "pending",
    input: { payload: aPayload() },
    inputHash: "5f2c",
    createdAt: NOW,
    fence: 0,
    behaviour: 1,
    wake: 1,
    handled: 0,
    fails: 0,
    lastSeq: 0,
    waits: [],
    sweepAt: NOW + 10 * MINUTE_MS,
    ...overrides,
  };
}

export function anEntry(overrides: Partial<StepSucceeded> = {}): StepSucceeded {
  return { type: "step.succeeded", id: "charge", attempt: 1, value: aPayload(), at: NOW, ...overrides };
}

export function aCheckpoint(overrides: Partial<Checkpoint> = {}): Checkpoint {
  return { first: 1, entries: [anEntry()], fence: 1, mark: randomUUID(), at: NOW, ...overrides };
}

export type SignalFact = Extract<Fact, { kind: "signal" }>;

export function aFact(overrides: Partial<SignalFact> = {}): SignalFact {
  return {
    kind: "signal",
    key: `signal/${randomUUID()}`,
    at: NOW,
    signal: "approved",
    value: aPayload("true"),
    ...overrides,
  };
}

/** What an activation that holds `run` and has read its inbox asks for when it has nothing left to do. */
export function aSuspension(run: Run, overrides: Partial<Suspension> = {}): Suspension {
  return {
    runId: run.runId,
    fence: run.fence,
    seen: run.wake,
    wake: run.wake,
    status: "suspended",
    waits: [],
    lastSeq: 0,
    sweepAt: NOW + 20 * MINUTE_MS,
    ...overrides,
  };
}
