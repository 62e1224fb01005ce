// What a user may decide about a deployment. Only words and defaults; timings.ts judges the times.
import type { Duration, RemovalPolicy } from "aws-cdk-lib";
import type { IAlarmAction } from "aws-cdk-lib/aws-cloudwatch";
import type { ITable } from "aws-cdk-lib/aws-dynamodb";
import type { IEventBus } from "aws-cdk-lib/aws-events";
import type { IRole } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";

/** How the engine spaces its work. Each default is right for production; tests lower them. */
export interface TimingProps {
  /**
   * Sleeps up to this ride on the activation queue's own delay; longer ones become a schedule.
   * @default - 15 minutes, the longest delay SQS has
   */
  readonly longTimer?: Duration;
  /**
   * A schedule is set this much early, and the queue's delay does the rest, because Scheduler is precise to a minute.
   * @default - 90 seconds
   */
  readonly scheduleLead?: Duration;
  /** How often the sweeper looks for overdue runs; whole minutes. @default - 1 minute */
  readonly sweepEvery?: Duration;
  /**
   * Places in the sweep index are rounded up to this: a lost wake-up is found after one to two of them.
   * Shorter finds it sooner and costs a write of the index more often.
   * @default - 10 minutes
   */
  readonly sweepGrain?: Duration;
  /** A run whose activation was not heard of for this long may be activated again. @default - 20 seconds */
  readonly lease?: Duration;
  /** The holder of a lease renews it, and its message, this often. @default - 3/10 of the lease */
  readonly renewEvery?: Duration;
  /** A message that is worked on comes back this long after its last renewal. @default - the lease and 5 seconds */
  readonly renewedVisibility?: Duration;
  /**
   * An activation with less time left hands the run to a fresh one, between two steps.
   * @default - a fifth of the activation timeout, at least 30 seconds, at most half of it
   */
  readonly handOffBefore?: Duration;
}

/** The function that activates runs. */
export interface ActivationProps {
  /** Longest activation. A run may take as long as it likes: it is handed from one activation to the next. @default - 5 minutes */
  readonly timeout?: Duration;
  /** In MB; compute grows with it. @default - 1024 */
  readonly memorySize?: number;
  /** Activations that the queue may start at the same time, 2 to 1000. @default - 100 */
  readonly maxConcurrency?: number;
  /** Concurrency that is taken from the account's pool and kept for this function. @default - none is reserved */
  readonly reservedConcurrency?: number;
  /** How long the queue hides a message until the activation has shortened that. @default - the timeout and 30 seconds */
  readonly queueVisibility?: Duration;
}

/** A Lambda of its own for the steps that ask for it with `on: "name"`. */
export interface StepHandlerProps {
  /** Longest attempt of a step. @default - 5 minutes */
  readonly timeout?: Duration;
  /** In MB. @default - 1024 */
  readonly memorySize?: number;
  /** Attempts at the same time, 2 to 1000. @default - 100 */
  readonly maxConcurrency?: number;
  /** @default - none is reserved */
  readonly reservedConcurrency?: number;
  /** How long the queue hides a message until the handler has shortened that. @default - the timeout and 30 seconds */
  readonly queueVisibility?: Duration;
  /** Role of the function; it is granted what a step handler needs. @default - a role of its own */
  readonly role?: IRole;
  /** @default - no variables but Perdure's own */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Routes that carry their authority in the address, as a token. */
export type OpenRoutes = "approvals" | "callbacks";

export interface PerdureProps extends TimingProps {
  /** Path of the module that exports the workflows. */
  readonly workflows: string;
  /** Step handlers by name. @default - none; every step runs in the activation */
  readonly stepHandlers?: Readonly<Record<string, StepHandlerProps>>;
  /** @default - see ActivationProps */
  readonly activation?: ActivationProps;
  /** Who may call the API: `iam` asks for signed requests; `none` lets in everybody who knows the address. @default "iam" */
  readonly auth?: "iam" | "none";
  /**
   * Routes for which a token is enough, without a signature: `/approvals/*`, so that a person can open the link in a mail,
   * and `/callbacks/*`, so that services elsewhere can complete a callback. They are throttled.
   * @default - none; every request is signed
   */
  readonly openRoutes?: readonly OpenRoutes[];
  /** Where people reach the API, such as `https://perdure.example.com`: links to approvals begin with it. @default - the API's own address */
  readonly publicUrl?: string;
  /** Where the events of workflows (`ctx.emit`) go. @default - the account's default bus */
  readonly eventBus?: IEventBus;
  /** Tables that workflows write to with `ctx.tx`; activations may put, update, delete and check their items. @default - none */
  readonly transactTables?: readonly ITable[];
  /** Closed runs and logs are kept this long. @default - runs 90 days, logs a month */
  readonly retentionDays?: number;
  /** What happens to table, bucket and logs when the stack goes. @default RemovalPolicy.RETAIN */
  readonly removalPolicy?: RemovalPolicy;
  /** Encrypts table, bucket and queues. @default - keys that AWS owns */
  readonly encryptionKey?: IKey;
  /** Variables for the functions that run workflow code. @default - no variables but Perdure's own */
  readonly environment?: Readonly<Record<string, string>>;
  /** What an alarm does. @default - nothing; alarms only show */
  readonly alarmActions?: readonly IAlarmAction[];
}
