// The conformance suites on the AWS adapters, for any endpoint that speaks the protocol: dynoxide and fauxqs in the unit
// tests, a whole emulator in the cloud tests.
//
//   describeAwsAdapters("ministack", () => ({ endpoint: "http://127.0.0.1:4566" }));
//
// The endpoint is a function because a server starts after the tests are registered. Tables, queues, buckets and
// schedule groups are made here and left to die with the server.
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { CreateBucketCommand } from "@aws-sdk/client-s3";
import { CreateScheduleGroupCommand } from "@aws-sdk/client-scheduler";
import { CreateQueueCommand, GetQueueAttributesCommand, type SQSClient } from "@aws-sdk/client-sqs";
import {
  type ClientOptions,
  createBlobClient,
  createQueueClient,
  createSchedulerClient,
  createTableClient,
} from "../../lib/aws/clients.ts";
import { createDynamoStore } from "../../lib/aws/dynamo-store.ts";
import { createS3Blobs } from "../../lib/aws/s3-blobs.ts";
import { createSchedulerTimers } from "../../lib/aws/scheduler-timers.ts";
import { createSqsQueue } from "../../lib/aws/sqs-queue.ts";
import type { Queue } from "../../lib/ports/queue.ts";
import { describeBlobs } from "../conformance/blobs.ts";
import { describeDeadLetters, describeQueue } from "../conformance/queue.ts";
import { describeStore } from "../conformance/store.ts";
import type { SuiteOptions } from "../conformance/suite.ts";
import { describeTimers } from "../conformance/timers.ts";
import { createTable } from "./create-table.ts";

export interface Subject {
  readonly endpoint: string;
  /** Lets time pass where the server goes by another clock. @default waits */
  readonly wait?: (ms: number) => Promise<void>;
}

type At = () => Subject;

/** Emulators take any. */
export const emulatorAccess = {
  region: "us-east-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
} as const satisfies ClientOptions;

/** Longest wait of a suite, and some for a busy machine. */
const SUITE_TIMEOUT_MS = 30_000;
const TIMERS_TIMEOUT_MS = 90_000;
/** Twice what the adapter puts between now and a fire time that has passed. */
const TIMER_LEAD_MS = 10_000;
const MAX_RECEIVES = 3;
/** SQS answers a short poll with nothing now and then. */
const PATIENCE_MS = 1_000;

export function describeAwsAdapters(name: string, at: At): void {
  describeDynamoStore(name, at);
  describeSqsQueue(name, at);
  describeSqsDeadLetters(name, at);
  describeSchedulerTimers(name, at);
  describeS3Blobs(name, at);
}

export function describeDynamoStore(
  name: string,
  at: At,
  options: SuiteOptions & { readonly pageItems?: number } = {},
  makeClient = createTableClient,
): void {
  const { pageItems, ...suite } = options;
  let table: Promise<string> | undefined;
  describeStore(
    `the DynamoDB store on ${name}`,
    async () => {
      const client = makeClient(clientOptions(at));
      table ??= newTable(clientOptions(at));
      // A namespace for each test: the sweep index is one for all workflows.
      const store = createDynamoStore({
        client,
        tableName: await table,
        namespace: randomUUID(),
        ...(pageItems === undefined ? {} : { pageItems }),
      });
      return { store, wait: waitOf(at), dispose: () => client.destroy() };
    },
    { timeoutMs: SUITE_TIMEOUT_MS, ...suite },
  );
}

export function describeSqsQueue(name: string, at: At, options: SuiteOptions = {}): void {
  describeQueue(
    `the SQS queue on ${name}`,
    async () => ({ ...(await newQueueSubject(at)), patienceMs: PATIENCE_MS }),
    { timeoutMs: SUITE_TIMEOUT_MS, ...options },
  );
}

export function describeSqsDeadLetters(name: string, at: At, options: SuiteOptions = {}): void {
  describeDeadLetters(
    `dead letters of the SQS queue on ${name}`,
    async () => {
      const dead = await newQueueSubject(at);
      const policy = { deadLetterTargetArn: dead.arn, maxReceiveCount: MAX_RECEIVES };
      const subject = await newQueueSubject(at, { RedrivePolicy: JSON.stringify(policy) });
      return { ...subject, deadLetters: dead.queue, maxReceives: MAX_RECEIVES, patienceMs: PATIENCE_MS };
    },
    { timeoutMs: SUITE_TIMEOUT_MS, ...options },
  );
}

export function describeSchedulerTimers(name: string, at: At, options: SuiteOptions = {}): void {
  describeTimers(
    `the Scheduler timers on ${name}`,
    async () => {
      const client = createSchedulerClient(clientOptions(at));
      const [subject, dead] = [await newQueueSubject(at), await newQueueSubject(at)];
      const group = `perdure-${randomUUID()}`;
      await client.send(new CreateScheduleGroupCommand({ Name: group }));
      const roleArn = "arn:aws:iam::000000000000:role/perdure-timers";
      const timers = createSchedulerTimers({
        client,
        group,
        roleArn,
        queueArn: subject.arn,
        deadLetterArn: dead.arn,
      });
      return { ...subject, timers, now: () => Date.now(), leadMs: TIMER_LEAD_MS };
    },
    { timeoutMs: TIMERS_TIMEOUT_MS, ...options },
  );
}

export function describeS3Blobs(name: string, at: At, options: SuiteOptions = {}): void {
  describeBlobs(
    `the S3 blobs on ${name}`,
    async () => {
      const client = createBlobClient(clientOptions(at));
      const bucket = `perdure-${randomUUID()}`;
      await client.send(new CreateBucketCommand({ Bucket: bucket }));
      return { blobs: createS3Blobs({ client, bucket }), wait: waitOf(at), dispose: () => client.destroy() };
    },
    { timeoutMs: SUITE_TIMEOUT_MS, ...options },
  );
}

async function newTable(options: ClientOptions): Promise<string> {
  const client = createTableClient(options);
  const name = `perdure-${randomUUID()}`;
  await createTable(client, name);
  client.destroy();
  return name;
}

async function newQueueSubject(at: At, attributes: Record<string, string> = {}) {
  const client = createQueueClient(clientOptions(at));
  const { url, arn } = await newQueue(client, attributes);
  const queue: Queue = createSqsQueue({ client, url });
  return { queue, arn, wait: waitOf(at), dispose: () => client.destroy() };
}

async function newQueue(client: SQSClient, attributes: Record<string, string>) {
  const { QueueUrl: url = "" } = await client.send(
    new CreateQueueCommand({ QueueName: `perdure-${randomUUID()}`, Attributes: attributes }),
  );
  const { Attributes: found } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ["QueueArn"] }),
  );
  return { url, arn: found?.QueueArn ?? "" };
}

function clientOptions(at: At): ClientOptions {
  return { ...emulatorAccess, endpoint: at().endpoint };
}

function waitOf(at: At): (ms: number) => Promise<void> {
  return at().wait ?? (async (ms) => await pause(ms));
}
