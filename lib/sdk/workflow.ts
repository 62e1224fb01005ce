// A workflow is a registered function with a name and a version. This file defines it and checks the definition;
// it runs nothing.
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Context, SignalSchemas } from "./context.ts";
import { type Duration, limitMs } from "./duration.ts";
import { PerdureError } from "./errors.ts";
import {
  FLOW_CONTROL_OPTIONS,
  type FlowControl,
  type FlowControlOptions,
  flowControlOf,
} from "./flow-control.ts";
import { checkName, isReserved } from "./names.ts";
import { checkFunction, checkKeys, checkSchema, isRecord, shown } from "./options.ts";

export interface WorkflowOptions<Input extends StandardSchemaV1, Signals extends SignalSchemas>
  extends FlowControlOptions<StandardSchemaV1.InferOutput<Input>> {
  /** Any Standard Schema (valibot, zod, arktype, …); what it gives out is what the workflow gets. */
  readonly input?: Input;
  /** Schemas of accepted signals; a payload that does not fit is refused at the door. */
  readonly signals?: Signals;
  /** Longest life of a run; then it ends `timed_out`. No limit when absent. */
  readonly timeout?: Duration;
  /** Recorded with each run. @default "1" */
  readonly version?: string;
}

export type WorkflowBody<Input, Output, Signals extends SignalSchemas, Sent = unknown> = (
  ctx: Context<Signals, Sent>,
  input: Input,
) => Promise<Output>;

/** `Sent` is what a caller sends as input, before the schema has checked it and made `Input` of it. */
export interface Workflow<
  Input = unknown,
  Output = unknown,
  Signals extends SignalSchemas = SignalSchemas,
  Sent = unknown,
> {
  readonly kind: "perdure.workflow";
  readonly name: string;
  readonly version: string;
  readonly inputSchema: StandardSchemaV1<Sent, Input> | undefined;
  readonly signalSchemas: Signals;
  readonly timeoutMs: number | undefined;
  readonly flowControl: FlowControl;
  readonly body: WorkflowBody<Input, Output, Signals, Sent>;
}

/** A workflow of any types: what registries and engines hold. */
// biome-ignore lint/suspicious/noExplicitAny: a body takes its input contravariantly, so only any holds all of them
export type AnyWorkflow = Workflow<any, any, any, any>;

/**
 * Defines a workflow.
 *
 * @example
 * export const hello = workflow("hello", { input: v.object({ who: v.string() }) }, async (ctx, input) => {
 *   return await ctx.step("greet", () => `Hello, ${input.who}`);
 * });
 * @throws E_BAD_NAME, E_BAD_OPTION when the definition is wrong
 */
export function workflow<Output>(
  name: string,
  body: WorkflowBody<unknown, Output, SignalSchemas>,
): Workflow<unknown, Output>;
export function workflow<
  Output,
  Input extends StandardSchemaV1 = StandardSchemaV1<unknown, unknown>,
  Signals extends SignalSchemas = SignalSchemas,
>(
  name: string,
  options: WorkflowOptions<Input, Signals>,
  body: WorkflowBody<
    StandardSchemaV1.InferOutput<Input>,
    Output,
    Signals,
    StandardSchemaV1.InferInput<Input>
  >,
): Workflow<StandardSchemaV1.InferOutput<Input>, Output, Signals, StandardSchemaV1.InferInput<Input>>;
export function workflow(
  name: string,
  optionsOrBody: WorkflowOptions<StandardSchemaV1, SignalSchemas> | AnyWorkflow["body"] | undefined,
  maybeBody?: AnyWorkflow["body"],
): AnyWorkflow {
  checkName("workflow", name);
  if (isReserved(name)) {
    throw new PerdureError(
      "E_BAD_NAME",
      `${JSON.stringify(name)} cannot be the name of a workflow: those that begin with "perdure." are Perdure's own.`,
    );
  }
  const [options = {}, body] =
    typeof optionsOrBody === "function" ? [undefined, optionsOrBody] : [optionsOrBody, maybeBody];
  if (body !== maybeBody && maybeBody !== undefined) {
    throw new PerdureError(
      "E_BAD_OPTION",
      `Workflow "${name}" was given ${shown(maybeBody)} after its function; the options stand before it.`,
    );
  }
  checkFunction(`The body of workflow "${name}"`, body, ", the last argument of workflow()");
  checkKeys(`Workflow "${name}"`, options, [
    "input",
    "signals",
    "timeout",
    "version",
    ...FLOW_CONTROL_OPTIONS,
  ]);
  const { version = "1", signals = {} } = options;
  if (typeof version !== "string" || version.length === 0) {
    throw new PerdureError(
      "E_BAD_OPTION",
      `version of workflow "${name}" is ${shown(version)}; it must be a text that is not empty.`,
    );
  }
  checkSchema(`the input of workflow "${name}"`, options.input);
  checkSignals(name, signals);
  return Object.freeze({
    kind: "perdure.workflow",
    name,
    version,
    inputSchema: options.input,
    signalSchemas: signals,
    timeoutMs: limitMs(options.timeout, `timeout of workflow "${name}"`),
    flowControl: flowControlOf(name, options),
    body,
  });
}

export function isWorkflow(value: unknown): value is AnyWorkflow {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "perdure.workflow";
}

function checkSignals(name: string, signals: SignalSchemas): void {
  if (!isRecord(signals)) {
    throw new PerdureError(
      "E_BAD_OPTION",
      `signals of workflow "${name}" is ${shown(signals)}; it must be an object of schemas by name.`,
    );
  }
  for (const [signal, schema] of Object.entries(signals)) {
    checkName("signal", signal);
    checkSchema(`signal "${signal}" of workflow "${name}"`, schema);
  }
}
