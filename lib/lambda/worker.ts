// The activation function: wake-ups and fired timers from the activation queue, to the engine.
import type { SQSHandler } from "aws-lambda";
import { faultBackoffMs, handleMessage } from "../engine/index.ts";
import { assemble, type FunctionOptions } from "./assemble.ts";
import { handleRecords } from "./handle-records.ts";
import { surviveRejections } from "./rejections.ts";

/**
 * Handler of the Lambda that activates runs. Its queue must be the activation queue and its event source must report
 * failures of single items (`reportBatchItemFailures`).
 *
 * @example
 * import { createWorker } from "perdure/lambda";
 * import { order } from "./order.ts";
 * export const handler = createWorker({ workflows: [order] });
 * @throws E_BAD_OPTION, E_DUPLICATE_WORKFLOW when the function cannot work as it is deployed
 */
export function createWorker(options: FunctionOptions): SQSHandler {
  const engine = assemble(options);
  const { activations, log } = engine.ports;
  surviveRejections(log);
  return async (event, context) =>
    await handleRecords(event, context, {
      handle: (body, host) => handleMessage(engine, body, host),
      queue: activations,
      retryAfterMs: faultBackoffMs,
      log,
    });
}
