// A run as a test holds it: asks and acts from outside, as a caller of the API would, with the workflow's own types.
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { cancelRun, readState, sendSignal, unpack } from "../engine/index.ts";
import type { Attributes, RunStatus, Wait } from "../ports/run.ts";
import type { SignalSchemas } from "../sdk/context.ts";
import { type JournalEntry, readEntry } from "./journal-entry.ts";
import type { Laboratory } from "./laboratory.ts";

/** What a caller sends: the signal's schema checks it. Anything for a signal without one. */
export type SignalPayload<
  Signals extends SignalSchemas,
  Name extends keyof Signals,
> = StandardSchemaV1.InferInput<Signals[Name]>;

export interface TestRun<Output = unknown, Signals extends SignalSchemas = SignalSchemas> {
  readonly runId: string;
  /**
   * Moves virtual time until the run has ended, and gives its result.
   *
   * @throws the run's own error when it failed; an Error that says what it waits for when it can never end
   */
  result(): Promise<Output>;
  status(): Promise<RunStatus>;
  /**
   * Sends a signal, which takes a millisecond. It is stored at once and reaches the run when that may move: in `result`,
   * `settle` or `advance`.
   *
   * @throws E_INVALID_INPUT, E_RUN_CLOSED, E_IDEMPOTENCY_CONFLICT
   */
  signal<Name extends keyof Signals & string>(
    name: Name,
    payload: SignalPayload<Signals, Name>,
    options?: { readonly idempotencyKey?: string },
  ): Promise<void>;
  /** Asks the run to end, which it does when it may move. @throws E_RUN_CLOSED */
  cancel(reason?: string): Promise<void>;
  /** What the run has published last. */
  state(): Promise<unknown>;
  /** What it is found by. */
  attributes(): Promise<Attributes>;
  /** What is recorded, in order. */
  journal(): Promise<readonly JournalEntry[]>;
  /** What the run waits for, the first few; empty while it runs and when it has ended. */
  waits(): Promise<readonly Wait[]>;
}

export function testRun<Output, Signals extends SignalSchemas>(
  lab: Laboratory,
  runId: string,
): TestRun<Output, Signals> {
  return {
    runId,
    result: async () => (await lab.result(runId)) as Output,
    status: async () => (await lab.run(runId)).status,
    signal: async (name, payload, options) => {
      await sendSignal(lab.engine, { runId, name, payload, ...options });
      // Signals are in the order of their time: as outside, no two are sent in the same instant.
      await lab.clock.advance(1);
    },
    cancel: async (reason) => {
      await cancelRun(lab.engine, { runId, ...(reason === undefined ? {} : { reason }) });
    },
    state: async () => {
      const state = await readState(lab.engine, runId);
      return state === undefined ? undefined : await unpack(state.value, lab.blobs);
    },
    attributes: async () => (await lab.run(runId)).attributes ?? {},
    journal: async () => {
      const entries = await lab.entries(runId);
      return await Promise.all(entries.map((entry, i) => readEntry(entry, i + 1, lab.blobs)));
    },
    waits: async () => {
      const { status, waits } = await lab.run(runId);
      return status === "suspended" ? waits : [];
    },
  };
}
