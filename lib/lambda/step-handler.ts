// A step handler's function: the steps that ask for it by name (`on: "shipping"`), one attempt for each message.
// It is the activation function's twin on another queue, with its own memory, timeout and role.
import type { SQSHandler } from "aws-lambda";
import { faultBackoffMs, handleMessage } from "../engine/index.ts";
import { PerdureError } from "../sdk/errors.ts";
import { assemble, type FunctionOptions } from "./assemble.ts";
import { handleRecords } from "./handle-records.ts";
import { surviveRejections } from "./rejections.ts";

export interface StepHandlerOptions extends FunctionOptions {
  /** The name that steps ask for. */
  readonly name: string;
}

/**
 * Handler of a Lambda that runs steps. It needs the code of all workflows, because a step's body is found by replaying
 * its workflow up to it.
 *
 * @example
 * export const handler = createStepHandler({ name: "shipping", workflows: [order] });
 * @throws E_BAD_OPTION when no queue is deployed under that name
 */
export function createStepHandler({ name, ...options }: StepHandlerOptions): SQSHandler {
  const engine = assemble(options);
  const { log, stepHandlers } = engine.ports;
  const queue = stepHandlers.get(name);
  if (queue === undefined) {
    throw new PerdureError("E_BAD_OPTION", `No queue is deployed for the step handler "${name}".`);
  }
  surviveRejections(log);
  return async (event, context) =>
    await handleRecords(event, context, {
      handle: (body, host) => handleMessage(engine, body, host),
      queue,
      retryAfterMs: faultBackoffMs,
      log,
    });
}
