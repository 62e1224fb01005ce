// The surface of a workflow: everything that reaches outside the code goes through it, so that it is recorded.
// Implemented in engine/; the engine keeps the invariants, this file only says what an author may rely on.
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Undone } from "../ports/journal.ts";
import type { Log } from "../ports/log.ts";
import type { AttributeChange } from "../ports/run.ts";
import type { TransactionWrite } from "../ports/transaction.ts";
import type { Batch, BatchOptions, MapKey, TolerantOptions } from "./batch.ts";
import type { Approval, ApprovalOptions, CallbackOptions, Submit } from "./callback.ts";
import type { ChildHandle, ChildOptions } from "./child.ts";
import type { DurablePromise } from "./durable-promise.ts";
import type { Duration } from "./duration.ts";
import type { LoopResult, Turn } from "./loop.ts";
import type { EmittedEvent } from "./outgoing.ts";
import type { Scheduled } from "./schedule.ts";
import type { Check, ConditionOptions, StepBody, StepContext, StepOptions } from "./step.ts";
import type { Time } from "./time.ts";
import type { Workflow } from "./workflow.ts";

/** Schemas of the signals a workflow accepts, by name. */
export type SignalSchemas = Readonly<Record<string, StandardSchemaV1>>;

export interface SignalOptions {
  /**
   * Longest wait; then the call rejects with `TimeoutError`. Zero takes what is there, and does not wait. Waits for ever
   * when absent.
   */
  readonly timeout?: Duration;
}

type Branch<Signals extends SignalSchemas, Sent> = (scope: Context<Signals, Sent>) => Promise<unknown>;
type Branches<Signals extends SignalSchemas, Sent> = Readonly<Record<string, Branch<Signals, Sent>>>;

export interface Compensations {
  /** Registers an undo that belongs to no step; runs in turn with those of steps, as a step named `<name>#undo`. */
  add(name: string, undo: (step: StepContext) => unknown): void;
  /** Undoes what is registered, last first, and tells what became of each. Never rejects. */
  run(): Promise<readonly Undone[]>;
  /** What is registered so far needs no undoing any more. */
  forget(): void;
}

/** `Sent` is what a caller sends as input of the workflow. */
export interface Context<Signals extends SignalSchemas = SignalSchemas, Sent = unknown> {
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
  step<T, S extends StandardSchemaV1>(
    name: string,
    body: StepBody<T>,
    options: StepOptions<StandardSchemaV1.InferOutput<S>> & { readonly schema: S },
  ): DurablePromise<StandardSchemaV1.InferOutput<S>>;
  step<T>(name: string, body: StepBody<T>, options?: StepOptions<T>): DurablePromise<T>;

  /**
   * Waits without compute, up to ten years; never shorter than asked, and late by about a second.
   *
   * @example
   * await ctx.sleep("cool-off", "3 days");
   */
  sleep(name: string, duration: Duration): DurablePromise<void>;

  /**
   * Waits without compute until a time: a Date, an ISO time or epoch milliseconds. At once when it is past.
   *
   * @example
   * await ctx.sleepUntil("doors open", "2027-05-01T18:00:00Z");
   */
  sleepUntil(name: string, time: Time): DurablePromise<void>;

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
  ): DurablePromise<StandardSchemaV1.InferOutput<S>>;
  waitForSignal<N extends keyof Signals & string>(
    name: N,
    options?: SignalOptions,
  ): DurablePromise<string extends N ? unknown : StandardSchemaV1.InferOutput<Signals[N]>>;

  /**
   * Signals of that name one after the other, in the order of their arrival; ends never by itself.
   *
   * @example
   * for await (const item of ctx.signals("item")) if (!(await add(item))) break;
   */
  signals<S extends StandardSchemaV1>(
    name: string,
    options: SignalOptions & { readonly schema: S },
  ): AsyncGenerator<StandardSchemaV1.InferOutput<S>, never, void>;
  signals<N extends keyof Signals & string>(
    name: N,
    options?: SignalOptions,
  ): AsyncGenerator<string extends N ? unknown : StandardSchemaV1.InferOutput<Signals[N]>, never, void>;

  /**
   * Looks again and again until the condition holds, and gives what the last look returned. Each look is recorded, and
   * costs one write; between looks the run is suspended.
   *
   * @example
   * const job = await ctx.waitForCondition("rendered", () => renderer.status(id), {
   *   until: (status) => status.done, every: "10s", backoff: 2, max: "5m", timeout: "1 day",
   * });
   * @throws TimeoutError when it did not come true in time, ConditionError when not in `maxChecks` checks, StepError when
   * a check failed for good
   */
  waitForCondition<T>(
    name: string,
    check: Check<T, T>,
    options: ConditionOptions<T> & { readonly initial: T },
  ): DurablePromise<T>;
  waitForCondition<T>(name: string, check: Check<T>, options: ConditionOptions<T>): DurablePromise<T>;

  /**
   * Hands a token to the outside and waits until somebody completes it (`POST /callbacks/{token}`).
   *
   * @example
   * const paid = await ctx.waitForCallback("payment", (token) => bank.request(order, { callback: token }), {
   *   schema: Payment, timeout: "1 day",
   * });
   * @throws TimeoutError, CallbackError when it was completed with an error, StepError when `submit` failed
   */
  waitForCallback<S extends StandardSchemaV1>(
    name: string,
    submit: Submit,
    options: CallbackOptions & { readonly schema: S },
  ): DurablePromise<StandardSchemaV1.InferOutput<S>>;
  waitForCallback<T = unknown>(name: string, submit: Submit, options?: CallbackOptions): DurablePromise<T>;

  /**
   * Asks a person: sends them links that approve or reject, and waits. Who decided, when and with which note is recorded.
   *
   * @example
   * const { approved, by } = await ctx.waitForApproval("refund", {
   *   to: ({ approveUrl, rejectUrl }) => mail.send(boss, approveUrl, rejectUrl),
   *   timeout: "7 days",
   *   escalate: { after: "2 days", to: (request) => mail.send(herBoss, request.approveUrl, request.rejectUrl) },
   * });
   * @throws TimeoutError when nobody decided in time
   */
  waitForApproval(name: string, options: ApprovalOptions): DurablePromise<Approval>;

  /**
   * Starts a run of another workflow and waits for its result. It is started once, however often this run is replayed.
   *
   * @example
   * const invoice = await ctx.runChild("invoice", invoicing, { order: order.id });
   * @throws ChildRunError when it fails, is cancelled or times out
   */
  runChild<Input, Output, Accepted extends SignalSchemas, Raw>(
    name: string,
    workflow: Workflow<Input, Output, Accepted, Raw>,
    input: Raw,
    options?: ChildOptions,
  ): DurablePromise<Output>;

  /**
   * Starts a run of another workflow and goes on.
   *
   * @example
   * const { runId } = await ctx.startChild("newsletter", newsletter, { to: customer });
   */
  startChild<Input, Output, Accepted extends SignalSchemas, Raw>(
    name: string,
    workflow: Workflow<Input, Output, Accepted, Raw>,
    input: Raw,
    options?: ChildOptions,
  ): DurablePromise<ChildHandle>;

  /**
   * A namespace for names: calls made on the inner context have `<name>/` before their ids. Nothing is recorded of the
   * scope itself.
   *
   * @example
   * await ctx.scope("returns", (c) => handleReturns(c, order));
   */
  scope<T>(name: string, body: (scope: Context<Signals, Sent>) => Promise<T>): DurablePromise<T>;

  /**
   * Runs branches at the same time, each in a scope `<name>/<branch>/`. When one fails the others are cancelled and its
   * error is thrown; with `tolerate` or `minSuccessful` the answer is a `Batch` that tells what became of each.
   *
   * @example
   * const { stock, credit } = await ctx.parallel("checks", {
   *   stock: (c) => c.step("stock", () => warehouse.check(order)),
   *   credit: (c) => c.step("credit", () => bank.check(order)),
   * });
   * @throws BatchError when more failed than were tolerated
   */
  parallel<B extends Branches<Signals, Sent>>(
    name: string,
    branches: B,
    options: TolerantOptions,
  ): DurablePromise<Batch<Awaited<ReturnType<B[keyof B]>>>>;
  parallel<B extends readonly Branch<Signals, Sent>[] | []>(
    name: string,
    branches: B,
    options: TolerantOptions,
  ): DurablePromise<Batch<Awaited<ReturnType<B[number]>>>>;
  parallel<B extends readonly Branch<Signals, Sent>[] | []>(
    name: string,
    branches: B,
    options?: BatchOptions,
  ): DurablePromise<{ -readonly [K in keyof B]: Awaited<ReturnType<B[K]>> }>;
  parallel<B extends Branches<Signals, Sent>>(
    name: string,
    branches: B,
    options?: BatchOptions,
  ): DurablePromise<{ -readonly [K in keyof B]: Awaited<ReturnType<B[K]>> }>;

  /**
   * Works on every item, each in a scope `<name>/<index>/`, or `<name>/<key>/` for those who name their items, and gives the
   * results in the order of the items. Failures are as in `parallel`.
   *
   * @example
   * const parcels = await ctx.map("ship", order.lines, (c, line) => c.step("book", () => carrier.book(line)), {
   *   concurrency: 10,
   *   key: (line) => line.sku,
   * });
   * @throws BatchError when more failed than were tolerated, E_BAD_OPTION when two items have one key
   */
  map<I, T>(
    name: string,
    items: readonly I[],
    body: (scope: Context<Signals, Sent>, item: I, index: number) => Promise<T>,
    options: TolerantOptions & MapKey<I>,
  ): DurablePromise<Batch<T>>;
  map<I, T>(
    name: string,
    items: readonly I[],
    body: (scope: Context<Signals, Sent>, item: I, index: number) => Promise<T>,
    options?: BatchOptions & MapKey<I>,
  ): DurablePromise<T[]>;

  /**
   * Turn after turn until one answers `{ done }`, each in a scope `<name>/<turn>/`, with the state that the one before
   * answered. The state is recorded when a turn ends, and resuming begins there: what it costs does not grow with the number
   * of turns. A turn calls nothing but the context it is given; what it leaves open when it answers is given up.
   *
   * @example
   * await ctx.loop("meter", { reading: 0 }, async (c, { reading }) => {
   *   await c.sleep("hour", "1 hour");
   *   return { next: { reading: await c.step("read", () => meter.read(reading)) } };
   * });
   * @throws E_BAD_OPTION, E_NOT_SERIALIZABLE, CancelledError
   */
  loop<State, T extends Turn<NoInfer<State>>>(
    name: string,
    state: State,
    turn: (scope: Context<Signals, Sent>, state: State, turn: number) => Promise<T>,
  ): DurablePromise<LoopResult<T>>;

  /**
   * The run begins anew with this input, under its id and with a fresh journal before its code; what was recorded stays
   * readable. Ends the present code as a return does: what is open is given up, children follow their policies, nothing is
   * undone. Signals that nobody has taken are kept, the run's timeout goes on.
   *
   * @example
   * if (orders.length === 0) await ctx.continueAsNew({ since: ctx.now() });
   * @throws CancelledError when the run was cancelled, E_NOT_SERIALIZABLE
   */
  continueAsNew(input: Sent): Promise<never>;

  /** What has been registered to be undone, for workflows that decide themselves when. */
  readonly compensations: Compensations;

  /**
   * Which branch of a change this run is on: `to` for a run that comes here for the first time, `from` for one that went
   * past here before the change was made, in the present turn if it is in a loop. The same for ever in one run, until
   * `continueAsNew`. Raise `from` when no run needs the old branch.
   *
   * @example
   * if (ctx.version("check stock first", { from: 0, to: 1 }) === 1) await ctx.step("check stock", () => check(order));
   */
  version(change: string, versions: { readonly from: number; readonly to: number }): number;

  /**
   * Says how the run stands: `GET /runs/{id}` shows the last state and its time, without waking the run, also while it is
   * at work. Recorded as it is at the time of the call; at most 256 KiB.
   *
   * @example
   * await ctx.publish({ stage: "packing", parcels: 3 });
   * @throws E_NOT_SERIALIZABLE, E_TOO_LARGE
   */
  publish(state: unknown): DurablePromise<void>;

  /**
   * Sets what the run is found by: `GET /runs?attr.customer=c-17`. What is not named stays, `null` takes away. Lists show
   * it when the activation next leaves the run. All attributes of a run together have at most 1 KiB.
   *
   * @example
   * await ctx.setAttributes({ customer: order.customer, total: order.total, express: null });
   * @throws E_BAD_OPTION
   */
  setAttributes(attributes: AttributeChange): DurablePromise<void>;

  /**
   * Sends an event to EventBridge after it is in the journal: never lost, and always under the same id
   * (`detail.id`, `<runId>/<seq>`) when a crash makes it be sent again.
   *
   * @example
   * await ctx.emit({ type: "order.paid", detail: { order: order.id, total: order.total } });
   * @throws E_BAD_NAME, E_BAD_OPTION, E_NOT_SERIALIZABLE, E_TOO_LARGE
   */
  emit(event: EmittedEvent): DurablePromise<void>;

  /**
   * Writes to DynamoDB tables of your own in one transaction with the entry that records it: however often the run is
   * interrupted, the writes are done exactly once. 1 to 99 writes, in the words of DynamoDB.
   *
   * @example
   * await ctx.tx("debit", [
   *   { update: { table: "accounts", key: { id: order.account }, update: "ADD balance :minus",
   *       condition: "balance >= :total", values: { ":minus": -order.total, ":total": order.total } } },
   *   { put: { table: "bookings", item: { id: order.id, total: order.total } } },
   * ]);
   * @throws TransactionError when a write was refused; nothing was written
   * @throws E_TX_UNSUPPORTED where runs are not kept in DynamoDB
   */
  tx(name: string, writes: readonly TransactionWrite[]): DurablePromise<void>;

  /** Time of the last recorded result the workflow has seen (of its start before that): the same on every replay. */
  now(): Date;
  /** Between 0 and 1, the same on every replay. Not for secrets. */
  random(): number;
  /** A version 4 UUID, the same on every replay. Not for secrets. */
  uuid(): string;

  /**
   * Which time of which schedule the run was started for; nothing when no schedule did.
   *
   * @example
   * const day = (ctx.scheduled?.for ?? ctx.now()).toISOString().slice(0, 10);
   */
  readonly scheduled: Scheduled | undefined;

  /** Somebody has asked for the run's end: what the code does now is its cleaning up. */
  readonly isCancelled: boolean;

  /** Silent during replay. */
  readonly log: Log;
}
