// The whole of Perdure in a user's account, as one construct. This file says what there is and who is connected to whom;
// each part has its own file. Every resource is a public handle, so that a user can add to it what this file does not.
//
//   HTTP API ──► api ──► table ◄── activation ◄── activation queue ◄── timers (Scheduler), sweeper, step handlers, itself
//                                      │
//                                      └──► queue of each step handler ──► step handler
//   each queue ──► its dead-letter queue ──► dead-letter function
import { Duration, RemovalPolicy, Token } from "aws-cdk-lib";
import type { Table } from "aws-cdk-lib/aws-dynamodb";
import { EventBus, type IEventBus, Rule, RuleTargetInput, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import type { IGrantable } from "aws-cdk-lib/aws-iam";
import type { SqsEventSource } from "aws-cdk-lib/aws-lambda-event-sources";
import type { Bucket } from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";
import type { Settings } from "../engine/settings.ts";
import { VARIABLES } from "../lambda/variables.ts";
import { MAX_STEP_DELIVERIES, MAX_WAKE_UP_DELIVERIES } from "../limits.ts";
import { Alarms } from "./alarms.ts";
import { createBlobBucket } from "./blob-bucket.ts";
import { EngineFunction, type EngineFunctionProps } from "./engine-function.ts";
import * as grants from "./grants.ts";
import { HttpDoor } from "./http-door.ts";
import type { PerdureProps, StepHandlerProps } from "./props.ts";
import { consume } from "./queue-consumer.ts";
import { createRunTable } from "./run-table.ts";
import { TimerGroup } from "./timer-group.ts";
import { resolveTimings, type Timings } from "./timings.ts";
import { variables } from "./variables.ts";
import { WorkQueue } from "./work-queue.ts";

/** A step handler: its queue and its function. */
export interface StepHandler {
  readonly work: WorkQueue;
  readonly function: EngineFunction;
}

/** An HTTP API ends a request after 30 seconds. */
const API_TIMEOUT = Duration.seconds(29);
const SWEEP_TIMEOUT = Duration.minutes(2);
/** Below DEAD_LETTER_VISIBILITY. */
const DEAD_LETTER_TIMEOUT = Duration.seconds(30);
const WORK_MEMORY_MB = 1024;
const SMALL_MEMORY_MB = 512;

/**
 * Perdure in an account.
 *
 * @example
 * new Perdure(stack, "Perdure", {
 *   workflows: "src/workflows.ts",
 *   stepHandlers: { shipping: { memorySize: 2048 } },
 * });
 * @throws Error when the times cannot work together, with a sentence for each rule that is broken
 */
export class Perdure extends Construct {
  readonly table: Table;
  readonly bucket: Bucket;
  readonly activationWork: WorkQueue;
  readonly timers: TimerGroup;
  /** Where the events of workflows go. */
  readonly eventBus: IEventBus;
  readonly activation: EngineFunction;
  /** Connects the activation queue to its function. */
  readonly activationSource: SqsEventSource;
  readonly stepHandlers: ReadonlyMap<string, StepHandler>;
  readonly api: EngineFunction;
  readonly door: HttpDoor;
  readonly sweeper: EngineFunction;
  readonly sweepRule: Rule;
  readonly deadLetterHandler: EngineFunction;
  readonly alarms: Alarms;
  /** The times the functions work with. */
  readonly settings: Settings;

  readonly #props: PerdureProps;
  readonly #resources: grants.Resources;
  readonly #environment: Readonly<Record<string, string>>;

  constructor(scope: Construct, id: string, props: PerdureProps) {
    super(scope, id);
    this.#props = props;
    const timings = resolveTimings(props);
    this.settings = timings.settings;
    const { removalPolicy = RemovalPolicy.RETAIN, encryptionKey } = props;

    this.table = createRunTable(this, "Table", { removalPolicy, encryptionKey });
    this.bucket = createBlobBucket(this, "Blobs", { removalPolicy, encryptionKey });
    this.activationWork = this.#createWork(
      "Activations",
      timings.activation.queueVisibility,
      MAX_WAKE_UP_DELIVERIES,
    );
    const activationQueue = this.activationWork.queue;
    this.timers = new TimerGroup(this, "Timers", { activationQueue, encryptionKey });
    this.eventBus = props.eventBus ?? EventBus.fromEventBusName(this, "EventBus", "default");
    const stepWork = this.#createStepWork(timings);
    this.#resources = {
      table: this.table,
      bucket: this.bucket,
      activationQueue,
      stepQueues: [...stepWork.values()].map((work) => work.queue),
      timers: this.timers,
      eventBus: this.eventBus,
      transactTables: props.transactTables ?? [],
      encryptionKey,
    };
    this.#environment = variables(this.#resources, urlsOf(stepWork), timings.settings);

    this.activation = this.#createActivation(timings);
    this.activationSource = consume(this.activation, activationQueue, props.activation);
    this.stepHandlers = this.#createStepHandlers(stepWork, timings);
    this.api = this.#createApi();
    this.door = new HttpDoor(this, "Http", {
      handler: this.api.function,
      auth: props.auth ?? "iam",
      openRoutes: props.openRoutes ?? [],
      removalPolicy,
    });
    this.#tellPublicUrl();
    this.sweeper = this.#createSweeper();
    this.sweepRule = this.#createSweepRule(timings);
    this.deadLetterHandler = this.#createDeadLetterHandler();
    this.alarms = new Alarms(this, "Alarms", {
      activationQueue,
      deadLetterQueues: this.deadLetterQueues,
      logs: [this.activation, this.deadLetterHandler, ...this.#stepFunctions].map((fn) => fn.logGroup),
      actions: props.alarmActions,
    });
  }

  /** Address of the API, without a slash at its end. */
  get apiUrl(): string {
    return this.door.url;
  }

  /** Every dead-letter queue there is. */
  get deadLetterQueues() {
    const works = [this.activationWork, ...this.stepHandlers.values().map((handler) => handler.work)];
    return [...works.map((work) => work.deadLetters), this.timers.deadLetters];
  }

  /** Lets somebody call the API. */
  grantApi(grantee: IGrantable): void {
    this.door.grantInvoke(grantee);
  }

  get #stepFunctions(): readonly EngineFunction[] {
    return this.stepHandlers
      .values()
      .map((handler) => handler.function)
      .toArray();
  }

  #createWork(id: string, visibility: Duration, maxDeliveries: number): WorkQueue {
    return new WorkQueue(this, id, { visibility, maxDeliveries, encryptionKey: this.#props.encryptionKey });
  }

  #createStepWork({ stepHandlers }: Timings): ReadonlyMap<string, WorkQueue> {
    const entries = Object.entries(stepHandlers).map(([name, { queueVisibility }]) => {
      return [name, this.#createWork(`Steps-${name}`, queueVisibility, MAX_STEP_DELIVERIES)] as const;
    });
    return new Map(entries);
  }

  #createActivation({ activation }: Timings): EngineFunction {
    const { memorySize = WORK_MEMORY_MB, reservedConcurrency } = this.#props.activation ?? {};
    const created = this.#createFunction("Activation", {
      entry: "activate",
      description: "Perdure: activates runs",
      timeout: activation.timeout,
      memorySize,
      reservedConcurrency,
      environment: this.#props.environment,
      workflows: this.#props.workflows,
    });
    grants.grantActivation(created.role, this.#resources);
    return created;
  }

  #createStepHandlers(
    works: ReadonlyMap<string, WorkQueue>,
    timings: Timings,
  ): ReadonlyMap<string, StepHandler> {
    const handlers = [...works].map(([name, work]) => {
      const props = this.#props.stepHandlers?.[name] ?? {};
      const timeout = timings.stepHandlers[name]?.timeout ?? Duration.minutes(1);
      const created = this.#createStepFunction(name, work, timeout, props);
      consume(created, work.queue, props);
      return [name, { work, function: created }] as const;
    });
    return new Map(handlers);
  }

  #createStepFunction(
    name: string,
    work: WorkQueue,
    timeout: Duration,
    props: StepHandlerProps,
  ): EngineFunction {
    const created = this.#createFunction(`Step-${name}`, {
      entry: "step",
      description: `Perdure: runs the steps of "${name}"`,
      timeout,
      memorySize: props.memorySize ?? WORK_MEMORY_MB,
      reservedConcurrency: props.reservedConcurrency,
      role: props.role,
      environment: { ...this.#props.environment, ...props.environment, [VARIABLES.stepHandler]: name },
      workflows: this.#props.workflows,
    });
    grants.grantStepHandler(created.role, this.#resources, work.queue);
    return created;
  }

  #createApi(): EngineFunction {
    const created = this.#createFunction("Api", {
      entry: "api",
      description: "Perdure: serves the API",
      timeout: API_TIMEOUT,
      memorySize: SMALL_MEMORY_MB,
      environment: this.#props.environment,
      workflows: this.#props.workflows,
    });
    grants.grantApi(created.role, this.#resources);
    return created;
  }

  /** Told to whoever sends links. The API's address is known without the function behind it, so nothing goes in a circle. */
  #tellPublicUrl(): void {
    const url = publicUrlOf(this.#props.publicUrl) ?? this.door.url;
    for (const { function: fn } of [this.activation, ...this.#stepFunctions]) {
      fn.addEnvironment(VARIABLES.publicUrl, url);
    }
  }

  #createSweeper(): EngineFunction {
    const created = this.#createFunction("Sweeper", {
      entry: "sweep",
      description: "Perdure: wakes overdue runs and deletes expired ones",
      timeout: SWEEP_TIMEOUT,
      memorySize: SMALL_MEMORY_MB,
    });
    grants.grantSweeper(created.role, this.#resources);
    return created;
  }

  /** A sweep that fails is not tried again: the next one does the same work. */
  #createSweepRule({ sweepEvery }: Timings): Rule {
    const target = new LambdaFunction(this.sweeper.function, {
      retryAttempts: 0,
      event: RuleTargetInput.fromObject({}),
    });
    return new Rule(this, "SweepRule", {
      description: "Perdure: calls the sweeper",
      schedule: Schedule.rate(sweepEvery),
      targets: [target],
    });
  }

  #createDeadLetterHandler(): EngineFunction {
    const created = this.#createFunction("DeadLetters", {
      entry: "dead-letter",
      description: "Perdure: judges dead letters",
      timeout: DEAD_LETTER_TIMEOUT,
      memorySize: SMALL_MEMORY_MB,
    });
    for (const queue of this.deadLetterQueues) consume(created, queue);
    grants.grantDeadLetterHandler(created.role, this.#resources);
    return created;
  }

  #createFunction(
    id: string,
    props: Omit<EngineFunctionProps, "environment"> & { readonly environment?: PerdureProps["environment"] },
  ): EngineFunction {
    return new EngineFunction(this, id, {
      ...props,
      environment: { ...props.environment, ...this.#environment },
      removalPolicy: this.#props.removalPolicy,
    });
  }
}

/** @throws Error when it is no address that a link can begin with */
function publicUrlOf(url: string | undefined): string | undefined {
  if (url === undefined || Token.isUnresolved(url)) return url;
  if (/^https:\/\/[^\s/?#]+(?:\/[^\s?#]*)?$/.test(url)) return url.replace(/\/+$/, "");
  throw new Error(`publicUrl is ${JSON.stringify(url)}; it must be like https://perdure.example.com.`);
}

function urlsOf(works: ReadonlyMap<string, WorkQueue>): Record<string, string> {
  return Object.fromEntries([...works].map(([name, work]) => [name, work.queue.queueUrl]));
}
