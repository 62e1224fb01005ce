// The attempts that run inside one activation. Collects their entries until the activation appends them together
// (group commit). Writes nothing itself but progress: only the activation appends (J1).
import { MAX_PARALLEL_STEPS } from "../limits.ts";
import type { CallEntry } from "../ports/journal.ts";
import { PerdureError } from "../sdk/errors.ts";
import {
  attemptEntry,
  type PackedResult,
  type Progress,
  runAttempt,
  satisfies,
  withdrawn,
} from "./attempt.ts";
import type { Bell } from "./bell.ts";
import type { StepCall } from "./call.ts";
import type { Engine } from "./engine.ts";
import type { Outcome } from "./outcome.ts";
import { pack, packFailure } from "./payloads.ts";

export interface RunnerOptions {
  readonly engine: Engine;
  readonly runId: string;
  readonly bell: Bell;
  /** Aborted when nothing can be recorded any more. */
  readonly signal: AbortSignal;
  readonly progressOf: (call: StepCall) => Promise<Progress>;
  /** Whether what becomes of an attempt is to be recorded, although its call is settled. */
  readonly isOutcomeWanted: (call: StepCall) => boolean;
}

export class StepRunner {
  readonly #running = new Map<StepCall, AbortController>();
  #settled: { readonly call: StepCall; readonly entry: CallEntry }[] = [];
  #broken: { readonly error: unknown } | undefined;
  readonly #options: RunnerOptions;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** Something runs, or has ended and was not taken yet: the activation must not leave. */
  get busy(): boolean {
    return this.#running.size > 0 || this.#settled.length > 0 || this.#broken !== undefined;
  }

  /** An attempt of it runs, or has ended and was not taken yet. */
  isRunning(call: StepCall): boolean {
    return this.#running.has(call) || this.#settled.some((settled) => settled.call === call);
  }

  /** Starts as many as there is room for; the rest is asked for again when something has settled. */
  start(calls: readonly StepCall[]): void {
    // The broken one would be started again and again: the activation ends as soon as the others have.
    if (this.#broken !== undefined) return;
    for (const call of calls.slice(0, MAX_PARALLEL_STEPS - this.#running.size)) {
      const stop = new AbortController();
      this.#running.set(call, stop);
      void this.#run(call, stop);
    }
  }

  /** Tells every body that it is no longer wanted; what they answer is still recorded. */
  abortAll(reason: Error): void {
    for (const stop of this.#running.values()) stop.abort(reason);
  }

  /** Stops the attempts whose calls have been settled without them. What would have to be undone is heard out. */
  dropSettled(): void {
    const { isOutcomeWanted } = this.#options;
    for (const [call, stop] of this.#running) {
      if (!call.settled) continue;
      if (!isOutcomeWanted(call)) this.#running.delete(call);
      stop.abort(withdrawn(call));
    }
    if (this.#settled.length > 0) this.#settled = this.#settled.filter(({ call }) => isOutcomeWanted(call));
  }

  /**
   * Entries of attempts that ended since the last call.
   *
   * @throws when a result could not be stored, but not before every other result has been taken
   */
  takeSettled(): ReadonlyMap<StepCall, CallEntry> {
    const settled = new Map(this.#settled.splice(0).map(({ call, entry }) => [call, entry]));
    if (this.#broken !== undefined && settled.size === 0 && this.#running.size === 0)
      throw this.#broken.error;
    return settled;
  }

  async #run(call: StepCall, stop: AbortController): Promise<void> {
    const { clock, random } = this.#options.engine.ports;
    try {
      const result = await this.#attempt(call, stop.signal);
      // Dropped meanwhile: nobody wants to know.
      if (this.#running.get(call) !== stop) return;
      this.#settled.push({ call, entry: attemptEntry(call, result, clock.now(), random.next()) });
    } catch (error) {
      if (this.#running.get(call) !== stop) return;
      this.#broken ??= { error };
    }
    this.#running.delete(call);
    this.#options.bell.ring();
  }

  async #attempt(call: StepCall, stopped: AbortSignal): Promise<PackedResult> {
    const { engine, runId, signal, progressOf } = this.#options;
    const { clock } = engine.ports;
    const progress = await progressOf(call);
    const log = engine.ports.log.with({ run: runId });
    const outcome = await runAttempt({
      call,
      clock,
      log,
      progress,
      signal: AbortSignal.any([signal, stopped]),
    });
    return await packAttempt(call, outcome, runId, engine);
  }
}

/** An attempt's outcome, packed; of a polling step also whether its value satisfies. */
export async function packAttempt(
  call: StepCall,
  outcome: Outcome,
  runId: string,
  engine: Engine,
): Promise<PackedResult> {
  const judged = call.polling === undefined ? outcome : satisfies(call.polling, outcome);
  const packed = await packResult(judged, runId, engine);
  return packed.ok && judged.ok && "pending" in judged ? { ...packed, pending: true } : packed;
}

/** A value that cannot be recorded makes the attempt a failure. @throws when the blob store cannot be reached */
export async function packResult(result: Outcome, runId: string, engine: Engine): Promise<PackedResult> {
  if (!result.ok)
    return { ok: false, error: result.error, failure: await packFailure(result.error, runId, engine) };
  try {
    return { ok: true, value: await pack(result.value, runId, engine) };
  } catch (error) {
    if (!(error instanceof PerdureError)) throw error;
    return { ok: false, error, failure: await packFailure(error, runId, engine) };
  }
}
