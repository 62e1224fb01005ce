// Perdure in a test: the real engine in memory, under a clock that moves only when the test waits for something. Nothing
// global is patched: what the test itself does with time and timers stays as it is.
import {
  checkSettings,
  completeCallback,
  createSchedule,
  decideApproval,
  forkRun,
  heartbeatCallback,
  LOCAL_SETTINGS,
  retryRun,
  type Settings,
  startRun,
} from "../engine/index.ts";
import { MemoryStore } from "../local/memory-store.ts";
import type { OutgoingEvent } from "../ports/events.ts";
import type { Log } from "../ports/log.ts";
import type { SignalSchemas } from "../sdk/context.ts";
import { type Duration, durationMs } from "../sdk/duration.ts";
import { PerdureError } from "../sdk/errors.ts";
import { checkKeys } from "../sdk/options.ts";
import type { ScheduleSpec } from "../sdk/schedule.ts";
import type { Time } from "../sdk/time.ts";
import { type AnyWorkflow, isWorkflow, type Workflow } from "../sdk/workflow.ts";
import { Laboratory } from "./laboratory.ts";
import { type SavedJournal, saveJournal } from "./saved-journal.ts";
import { type BodyStart, StepBodies } from "./step-bodies.ts";
import { type StepMock, StepMocks } from "./step-mock.ts";
import { type TestRun, testRun } from "./test-run.ts";
import { type TestSchedule, testSchedule } from "./test-schedule.ts";
import { type Transact, TransactingJournal } from "./transacting-journal.ts";

export interface TestEnvironmentOptions {
  /** All that may run here. */
  readonly workflows: readonly AnyWorkflow[];
  /** When virtual time starts. @default the first instant of 2026 */
  readonly now?: Date | number;
  /** Names of the step handlers that are deployed. @default - every name that a step asks for */
  readonly stepHandlers?: readonly string[];
  /** Of the engine, such as leases; times in ms. @default - those of the local server */
  readonly settings?: Partial<Settings>;
  /** Real time that virtual time waits for a step's body that does real work, before it is an error. @default "4s" */
  readonly patience?: Duration;
  /** Where `ctx.log` and the engine write. @default - nowhere */
  readonly log?: Log;
  /**
   * Stands in for the tables that `ctx.tx` writes to: does all the writes, or none of them and returns why. Called once
   * for each transaction that is done.
   * @default - there are none, and `ctx.tx` is refused with E_TX_UNSUPPORTED
   */
  readonly transact?: Transact;
}

export interface StartOptions {
  readonly idempotencyKey?: string;
  /** Nothing of the run happens before. @default at once */
  readonly startAt?: Time;
}

export interface TestEnvironment {
  /**
   * Starts a run. It moves when time may: in `result`, `settle` or `advance`.
   *
   * @throws E_INVALID_INPUT, E_UNKNOWN_WORKFLOW, E_IDEMPOTENCY_CONFLICT
   */
  start<Input, Output, Signals extends SignalSchemas, Sent>(
    workflow: Workflow<Input, Output, Signals, Sent>,
    input: Sent,
    options?: StartOptions,
  ): Promise<TestRun<Output, Signals>>;
  /**
   * Makes a schedule, whose times come as virtual time passes.
   *
   * @example
   * const nightly = await environment.schedule({ id: "nightly", workflow: "report", cron: "0 3 * * *" });
   * await environment.advance("2 days");
   * expect((await nightly.standing()).counts.started).toBe(2);
   * @throws E_BAD_OPTION, E_UNKNOWN_WORKFLOW, E_INVALID_INPUT, E_SCHEDULE_EXISTS
   */
  schedule(spec: ScheduleSpec): Promise<TestSchedule>;
  /** Lets virtual time pass; everything due meanwhile happens at its own time. */
  advance(duration: Duration): Promise<void>;
  /** Lets happen what can happen now; time stands still. */
  settle(): Promise<void>;
  /** Virtual time. */
  now(): Date;
  /**
   * Puts a stand-in in place of the body of a step, and of every later step of that name, from its next attempt on.
   * Its outcome is recorded, retried and timed out as that of the real body.
   *
   * @example
   * environment.mockStep(order, "charge", { returns: { paymentId: "pay_1" } });
   * @throws E_BAD_OPTION, E_BAD_NAME
   */
  mockStep<T>(workflow: AnyWorkflow, step: string, mock: StepMock<T>): void;
  /** Mocks whose step never ran, as `workflow/step`: most often a typing error. */
  unusedMocks(): readonly string[];
  /** The process dies as by kill -9, and another one takes its place: runs go on when their lease is over. */
  crash(): void;
  /** Other code under the name of a workflow, as a deployment brings it. @throws E_UNKNOWN_WORKFLOW */
  deploy(workflow: AnyWorkflow): void;
  /**
   * Completes a callback, as whoever has its token would.
   *
   * @throws E_CALLBACK_NOT_FOUND, E_CALLBACK_COMPLETED, E_CALLBACK_CLOSED
   */
  complete(token: string, outcome: { readonly result: unknown } | { readonly error: Error }): Promise<void>;
  /** Says that whoever has the token is at it. @throws as complete */
  heartbeat(token: string): Promise<void>;
  /**
   * Decides an approval, as whoever opens its link and presses the button would.
   *
   * @throws E_CALLBACK_NOT_FOUND, E_CALLBACK_COMPLETED, E_CALLBACK_CLOSED
   */
  decide(link: string, by?: { readonly by?: string; readonly note?: string }): Promise<void>;
  /**
   * Takes up a stalled run again, or a run that has ended without a result by a new one, which is the answer.
   *
   * @throws E_RUN_NOT_FOUND, E_RUN_NOT_STALLED, E_RUN_NOT_FAILED
   */
  retry(runId: string, options?: { readonly from?: string }): Promise<TestRun>;
  /** A new run that begins with the first `after` entries of another one. @throws E_RUN_NOT_FOUND, E_NONDETERMINISM */
  fork(runId: string, options: { readonly after: number; readonly input?: unknown }): Promise<TestRun>;
  /** What runs have emitted, in order, each event once. */
  events(): readonly OutgoingEvent[];
  /** The journal as plain JSON, to be kept beside the tests and replayed by `replayAll`. @throws E_RUN_NOT_FOUND */
  exportJournal(runId: string): Promise<SavedJournal>;
}

const OPTIONS = ["workflows", "now", "stepHandlers", "settings", "patience", "log", "transact"];
/** Below the time that test runners give a test, so that the sentence says what the runner cannot know. */
const PATIENCE = "4s";

/**
 * A place to run workflows in a test, with a virtual clock: a year of sleep takes milliseconds.
 *
 * @example
 * const environment = createTestEnvironment({ workflows: [order] });
 * const run = await environment.start(order, { orderId: "A-1" });
 * await run.signal("approved", { by: "grace" });
 * expect(await run.result()).toEqual({ status: "shipped" });
 * @throws E_BAD_OPTION, E_DUPLICATE_WORKFLOW
 */
export function createTestEnvironment(options: TestEnvironmentOptions): TestEnvironment {
  return new WatchedEnvironment(options);
}

/** With what only the crash explorer sees: the laboratory, and which bodies start. */
export class WatchedEnvironment implements TestEnvironment {
  readonly lab: Laboratory;
  readonly #mocks = new StepMocks();
  readonly #bodies: StepBodies;

  constructor(options: TestEnvironmentOptions, onBodyStart?: (start: BodyStart) => void) {
    checkKeys("createTestEnvironment", options, OPTIONS);
    const { workflows, stepHandlers, log, transact } = options;
    const startAt = startOf(options.now);
    this.#bodies = new StepBodies({
      lab: () => this.lab,
      mocks: this.#mocks,
      patienceMs: durationMs(options.patience ?? PATIENCE, "patience of createTestEnvironment"),
      ...(onBodyStart === undefined ? {} : { onStart: onBodyStart }),
    });
    this.lab = new Laboratory(
      checkWorkflows(workflows).map((workflow) => this.#bodies.wrap(workflow)),
      {
        settings: settingsOf(options.settings),
        outsideWork: () => this.#bodies.outsideWork(),
        ...(log === undefined ? {} : { log }),
        ...(transact === undefined ? {} : { store: new MemoryStore(new TransactingJournal(transact)) }),
        ...(stepHandlers === undefined ? {} : { stepHandlers }),
        ...(startAt === undefined ? {} : { startAt }),
      },
    );
  }

  async start<Input, Output, Signals extends SignalSchemas, Sent>(
    workflow: Workflow<Input, Output, Signals, Sent>,
    input: Sent,
    options: StartOptions = {},
  ): Promise<TestRun<Output, Signals>> {
    checkKeys("start", options, ["idempotencyKey", "startAt"]);
    const { run } = await startRun(this.lab.engine, { workflow: workflow.name, input, ...options });
    return testRun(this.lab, run.runId);
  }

  async schedule(spec: ScheduleSpec): Promise<TestSchedule> {
    await createSchedule(this.lab.engine, spec);
    return testSchedule(this.lab, spec.id);
  }

  async advance(duration: Duration): Promise<void> {
    await this.lab.pass(durationMs(duration));
  }

  async settle(): Promise<void> {
    await this.lab.settle();
  }

  now(): Date {
    return new Date(this.lab.clock.now());
  }

  mockStep<T>(workflow: AnyWorkflow, step: string, mock: StepMock<T>): void {
    this.#checkKnown(workflow);
    this.#mocks.set(workflow.name, step, mock);
  }

  unusedMocks(): readonly string[] {
    return this.#mocks.unused();
  }

  crash(): void {
    this.lab.kill();
  }

  deploy(workflow: AnyWorkflow): void {
    this.#checkKnown(workflow);
    this.lab.deploy(this.#bodies.wrap(workflow));
  }

  async complete(
    token: string,
    outcome: { readonly result: unknown } | { readonly error: Error },
  ): Promise<void> {
    const { engine } = this.lab;
    const completion =
      "error" in outcome
        ? ({ ok: false, error: outcome.error } as const)
        : ({ ok: true, value: outcome.result } as const);
    await completeCallback(engine, token, completion);
  }

  async heartbeat(token: string): Promise<void> {
    await heartbeatCallback(this.lab.engine, token);
  }

  async decide(link: string, by: { readonly by?: string; readonly note?: string } = {}): Promise<void> {
    await decideApproval(this.lab.engine, link.slice(link.lastIndexOf("/") + 1), by);
  }

  async retry(runId: string, options: { readonly from?: string } = {}): Promise<TestRun> {
    checkKeys("retry", options, ["from"]);
    return testRun(this.lab, (await retryRun(this.lab.engine, { runId, ...options })).runId);
  }

  async fork(runId: string, options: { readonly after: number; readonly input?: unknown }): Promise<TestRun> {
    checkKeys("fork", options, ["after", "input"]);
    const input = "input" in options ? { input: { value: options.input } } : {};
    const run = await forkRun(this.lab.engine, { runId, after: options.after, ...input });
    return testRun(this.lab, run.runId);
  }

  events(): readonly OutgoingEvent[] {
    const { sent } = this.lab.events;
    return sent.filter((event, i) => sent.findIndex(({ id }) => id === event.id) === i);
  }

  async exportJournal(runId: string): Promise<SavedJournal> {
    return await saveJournal(this.lab.engine, runId);
  }

  #checkKnown({ name }: AnyWorkflow): void {
    if (this.lab.engine.registry.has(name)) return;
    throw new PerdureError("E_UNKNOWN_WORKFLOW", `There is no workflow "${name}" in this environment.`);
  }
}

function checkWorkflows(workflows: readonly AnyWorkflow[]): readonly AnyWorkflow[] {
  if (Array.isArray(workflows) && workflows.length > 0 && workflows.every(isWorkflow)) return workflows;
  throw new PerdureError(
    "E_BAD_OPTION",
    "workflows of createTestEnvironment must be a list of what workflow() gave, at least one.",
  );
}

function settingsOf(settings: Partial<Settings> = {}): Settings {
  checkKeys("settings of createTestEnvironment", settings, Object.keys(LOCAL_SETTINGS));
  return checkSettings({ ...LOCAL_SETTINGS, ...settings });
}

function startOf(now: Date | number | undefined): number | undefined {
  const startAt = now === undefined ? undefined : Number(now);
  if (startAt === undefined || (Number.isSafeInteger(startAt) && startAt >= 0)) return startAt;
  throw new PerdureError(
    "E_BAD_OPTION",
    `now of createTestEnvironment is ${String(now)}; it must be a Date or whole milliseconds since 1970.`,
  );
}
