// The dead-letter function: judges messages that were delivered too often, of all queues, and schedules that could not
// deliver. It gives none back early: a dead-letter queue's own visibility is its pace.
import type { SQSHandler } from "aws-lambda";
import { faultBackoffMs, handleDeadLetter } from "../engine/index.ts";
import { assemble, type FunctionOptions } from "./assemble.ts";
import { handleRecords } from "./handle-records.ts";

/** Handler of the Lambda behind every dead-letter queue. It runs no workflow code and needs none. */
export function createDeadLetterHandler(options: Partial<FunctionOptions> = {}): SQSHandler {
  const engine = assemble({ workflows: [], ...options });
  const { log } = engine.ports;
  return async (event, context) =>
    await handleRecords(event, context, {
      handle: (body) => handleDeadLetter(engine, body),
      queue: undefined,
      retryAfterMs: faultBackoffMs,
      log,
    });
}
