// The SDK clients of a process, made once and shared by its invocations. Owns how long a request may take and how often
// it is repeated: the SDK's own default is to wait for ever, and an activation that waits loses its lease.
// All honour AWS_ENDPOINT_URL (and AWS_ENDPOINT_URL_<SERVICE>), which the SDK reads itself.
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { S3Client } from "@aws-sdk/client-s3";
import { SchedulerClient } from "@aws-sdk/client-scheduler";
import { SQSClient } from "@aws-sdk/client-sqs";

export interface ClientOptions {
  /** @default what AWS_ENDPOINT_URL says, otherwise the service itself */
  readonly endpoint?: string;
  /** @default what AWS_REGION or the profile says */
  readonly region?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** A socket of a healthy service opens within milliseconds. */
const CONNECTION_TIMEOUT_MS = 1_000;
/** A healthy answer takes 5 ms; with all attempts this stays below a lease of 30 seconds. */
const TABLE_REQUEST_TIMEOUT_MS = 3_000;
const REQUEST_TIMEOUT_MS = 5_000;
/** Up to 4 MiB travel. */
const BLOB_REQUEST_TIMEOUT_MS = 15_000;
/** The first and three more: a request that fails four times in a row is reported, and its message comes back. */
const MAX_ATTEMPTS = 4;
/** As many as steps may run at the same time (MAX_PARALLEL_STEPS). */
const MAX_SOCKETS = 200;

export function createTableClient(options: ClientOptions = {}): DynamoDBClient {
  return new DynamoDBClient({ ...options, ...settings(TABLE_REQUEST_TIMEOUT_MS) });
}

export function createQueueClient(options: ClientOptions = {}): SQSClient {
  return new SQSClient({ ...options, ...settings(REQUEST_TIMEOUT_MS) });
}

export function createSchedulerClient(options: ClientOptions = {}): SchedulerClient {
  return new SchedulerClient({ ...options, ...settings(REQUEST_TIMEOUT_MS) });
}

export function createEventClient(options: ClientOptions = {}): EventBridgeClient {
  return new EventBridgeClient({ ...options, ...settings(REQUEST_TIMEOUT_MS) });
}

export function createBlobClient(options: ClientOptions = {}): S3Client {
  const { AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3 } = process.env;
  // Emulators do not answer for a host name per bucket.
  const forcePathStyle = Boolean(options.endpoint ?? AWS_ENDPOINT_URL_S3 ?? AWS_ENDPOINT_URL);
  return new S3Client({ ...options, ...settings(BLOB_REQUEST_TIMEOUT_MS), forcePathStyle });
}

function settings(requestTimeout: number) {
  const agent = { keepAlive: true, maxSockets: MAX_SOCKETS };
  return {
    maxAttempts: MAX_ATTEMPTS,
    retryMode: "standard",
    requestHandler: {
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      requestTimeout,
      // Without it the handler only logs a warning and goes on waiting.
      throwOnRequestTimeout: true,
      httpAgent: agent,
      httpsAgent: agent,
    },
  } as const;
}
