// The surface of a workflow: everything that reaches outside the code goes through it, so that it is recorded.
// Implemented in engine/; the engine keeps the invariants, this file only says what an author may rely on.
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Log } from "../ports/log.ts";
import type { Duration } from "./duration.ts";
import type { StepBody, StepOptions } from "./step.ts";

/** Schemas of the signals a workflow accepts, by name. */
export type SignalSchemas = Readonly<Record<string, StandardSchemaV1>>;

export interface SignalOptions {
  /** Longest wait; then the call rejects with `TimeoutError`. Waits for ever when absent. */
  readonly timeout?: Duration;
}

export interface Context<Signals extends SignalSchemas = SignalSchemas> {
  readonly runId: string;
  readonly workflow: string;

  /**
   * Runs `body` and records its outcome; once recorded it never runs again, and the recorded value is what the
   * workflow gets, now and on every replay. The name is the step's identity; a repeated name gets an occurrence
   * number (`charge`, `charge#2`).
   *
   * @example
   * const payment = await ctx.step("charge", (s) => stripe.charge(order, { idempotencyKey: s.idempotencyKey }));
   * @throws StepError when its attempts are used up or it threw a `TerminalError`
   */
  step<T>(name: string, body: StepBody<T>, options?: StepOptions): Promise<T>;

  /**
   * Waits without compute, up to ten years; never shorter than asked, and late by about a second.
   *
   * @example
   * await ctx.sleep("cool-off", "3 days");
   */
  sleep(name: string, duration: Duration): Promise<void>;

  /**
   * Takes the oldest signal of that name, or waits for it. Signals are buffered from the start of the run.
   * When a signal and the timeout are both there at the same look, the signal wins.
   *
   * @example
   * const approval = await ctx.waitForSignal("approved", { schema: Approval, timeout: "7 days" });
   * @throws TimeoutError when nothing came in time
   */
  waitForSignal<S extends StandardSchemaV1>(
    name: string,
    options: SignalOptions & { readonly schema: S },
  ): Promise<StandardSchemaV1.InferOutput<S>>;
  waitForSignal<N extends keyof Signals & string>(
    name: N,
    options?: SignalOptions,
  ): Promise<string extends N ? unknown : StandardSchemaV1.InferOutput<Signals[N]>>;

  /** Time of the last recorded result the workflow has seen (of its start before that): the same on every replay. */
  now(): Date;
  /** Between 0 and 1, the same on every replay. Not for secrets. */
  random(): number;
  /** A version 4 UUID, the same on every replay. Not for secrets. */
  uuid(): string;

  /** Silent during replay. */
  readonly log: Log;
}
