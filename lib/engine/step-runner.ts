// The attempts that run inside one activation. Collects their entries until the activation appends them together
// (group commit). Writes nothing itself: only the activation appends (J1).
import { MAX_PARALLEL_STEPS } from "../limits.ts";
import type { CallEntry } from "../ports/journal.ts";
import type { Log } from "../ports/log.ts";
import { PerdureError } from "../sdk/errors.ts";
import { attemptEntry, type PackedResult, runAttempt } from "./attempt.ts";
import type { Bell } from "./bell.ts";
import type { StepCall } from "./call.ts";
import type { Engine } from "./engine.ts";
import type { Outcome } from "./execution.ts";
import { pack, packFailure } from "./payloads.ts";

export class StepRunner {
  readonly #running = new Set<StepCall>();
  readonly #settled: CallEntry[] = [];
  #broken: { readonly error: unknown } | undefined;

  readonly #engine: Engine;
  readonly #runId: string;
  readonly #bell: Bell;
  readonly #signal: AbortSignal;

  constructor(engine: Engine, runId: string, bell: Bell, signal: AbortSignal) {
    this.#engine = engine;
    this.#runId = runId;
    this.#bell = bell;
    this.#signal = signal;
  }

  /** Something runs, or has ended and was not taken yet: the activation must not leave. */
  get busy(): boolean {
    return this.#running.size > 0 || this.#settled.length > 0 || this.#broken !== undefined;
  }

  isRunning(call: StepCall): boolean {
    return this.#running.has(call);
  }

  /** Starts as many as there is room for; the rest is asked for again when something has settled. */
  start(calls: readonly StepCall[]): void {
    // The broken one would be started again and again: the activation ends as soon as the others have.
    if (this.#broken !== undefined) return;
    for (const call of calls.slice(0, MAX_PARALLEL_STEPS - this.#running.size)) {
      this.#running.add(call);
      void this.#run(call);
    }
  }

  /**
   * Entries of attempts that ended since the last call.
   *
   * @throws when a result could not be stored, but not before every other result has been taken
   */
  takeSettled(): CallEntry[] {
    const settled = this.#settled.splice(0);
    if (this.#broken !== undefined && settled.length === 0 && this.#running.size === 0)
      throw this.#broken.error;
    return settled;
  }

  async #run(call: StepCall): Promise<void> {
    const { clock, random, log } = this.#engine.ports;
    try {
      const result = await this.#attempt(call, log);
      this.#settled.push(attemptEntry(call, result, clock.now(), random.next()));
    } catch (error) {
      this.#broken ??= { error };
    }
    this.#running.delete(call);
    this.#bell.ring();
  }

  async #attempt(call: StepCall, log: Log): Promise<PackedResult> {
    const { clock } = this.#engine.ports;
    const result = await runAttempt({
      call,
      clock,
      log: log.with({ run: this.#runId }),
      signal: this.#signal,
    });
    return await packResult(result, this.#runId, this.#engine);
  }
}

/** A value that cannot be recorded makes the attempt a failure. @throws when the blob store cannot be reached */
export async function packResult(result: Outcome, runId: string, engine: Engine): Promise<PackedResult> {
  if (!result.ok) return { ...result, failure: await packFailure(result.error, runId, engine) };
  try {
    return { ok: true, value: await pack(result.value, runId, engine) };
  } catch (error) {
    if (!(error instanceof PerdureError)) throw error;
    return { ok: false, error, failure: await packFailure(error, runId, engine) };
  }
}
