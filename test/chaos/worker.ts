// Program: one worker over DynamoDB, SQS and S3, with the sweeper, until it is killed. Put together by the code that puts
// the Lambda functions together, from the same environment variables.
import { flushCompileCache } from "node:module";
import { createQueueClient } from "../../lib/aws/clients.ts";
import { createSqsQueue } from "../../lib/aws/sqs-queue.ts";
import { workflowsOf } from "../../lib/engine/index.ts";
import { assemble } from "../../lib/lambda/assemble.ts";
import { surviveRejections } from "../../lib/lambda/rejections.ts";
import { sweepAgainAndAgain } from "../../lib/local/housekeeping.ts";
import { work } from "../../lib/local/worker.ts";
import { noteHolders } from "./holders.ts";
import * as module from "./workflows.ts";

/** Activations at the same time: enough to keep a core busy, few enough that one kill does not take everything. */
const ACTIVATIONS = 24;
const OTHERS = 8;

const assembled = assemble({ workflows: workflowsOf(module) });
const engine = {
  ...assembled,
  ports: { ...assembled.ports, store: noteHolders(assembled.ports.store) },
};
const { activations, stepHandlers, log } = engine.ports;
const steps = stepHandlers.get("shipping");
if (steps === undefined) throw new Error("there is no queue for the step handler");
const deadLetters = createSqsQueue({
  client: createQueueClient(),
  url: process.env["CHAOS_DEAD_LETTERS"] ?? "",
});
surviveRejections(log);
process.stdout.write("ready\n");
// Otherwise written at an end that kill -9 never lets come.
flushCompileCache();

const never = new AbortController().signal;
await Promise.all([
  work({ engine, queue: activations, concurrency: ACTIVATIONS }, never),
  work({ engine, queue: steps, concurrency: OTHERS }, never),
  work({ engine, queue: deadLetters, concurrency: OTHERS, deadLetters: true }, never),
  sweepAgainAndAgain(engine, never),
]);
