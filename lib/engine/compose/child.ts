// `ctx.runChild` and `ctx.startChild`: one kind of call, of which the one gives its end and the other its beginning.
import type { ChildHandle, ChildOptions } from "../../sdk/child.ts";
import type { DurablePromise } from "../../sdk/durable-promise.ts";
import { PerdureError } from "../../sdk/errors.ts";
import { checkName } from "../../sdk/names.ts";
import { checkKeys, isRecord, shown } from "../../sdk/options.ts";
import { type AnyWorkflow, isWorkflow } from "../../sdk/workflow.ts";
import { type AskedOf, durable, makeCall } from "../call-factory.ts";
import type { Execution } from "../execution.ts";
import { childRunIdOf } from "../kinds/child.ts";

const POLICIES = ["cancel", "abandon", "wait"];

/** What `ctx.runChild` and `ctx.startChild` are given; `prefix` is that of the context. */
export interface ChildRequest {
  readonly prefix: string;
  readonly name: string;
  readonly workflow: AnyWorkflow;
  readonly input: unknown;
  readonly options: ChildOptions;
}

export function runChild(execution: Execution, request: ChildRequest): DurablePromise<unknown> {
  const call = makeCall(execution, "child", `${request.prefix}${request.name}`, () =>
    ask(execution, request, "cancel", { isAwaited: true }),
  );
  if (isWaitedFor(request)) execution.end.awaited.add(call);
  return call;
}

export function startChild(execution: Execution, request: ChildRequest): DurablePromise<ChildHandle> {
  const isAwaited = isWaitedFor(request);
  const started = Promise.withResolvers<ChildHandle>();
  const call = makeCall(execution, "child", `${request.prefix}${request.name}`, () =>
    ask(execution, request, "abandon", {
      isAwaited,
      onStarted: started.resolve,
      onRefused: started.reject,
    }),
  );
  call.catch(started.reject);
  if (isAwaited) execution.end.awaited.add(call);
  return durable(started.promise, (reason) => call.cancel(reason));
}

/** Options of whatever form: they are checked where the call is made. */
function isWaitedFor({ options }: ChildRequest): boolean {
  return isRecord(options) && options.onParentClose === "wait";
}

function ask(
  execution: Execution,
  { prefix, name, workflow, input, options }: ChildRequest,
  byDefault: NonNullable<ChildOptions["onParentClose"]>,
  how: Pick<AskedOf<"child">, "isAwaited" | "onStarted" | "onRefused">,
): AskedOf<"child"> {
  checkName("child", name);
  checkKeys(`Child "${name}"`, options, ["onParentClose"]);
  const { onParentClose = byDefault } = options;
  if (!isWorkflow(workflow)) {
    throw new PerdureError(
      "E_BAD_OPTION",
      `Child "${name}" is given ${shown(workflow)} as its workflow; give what workflow() returned.`,
    );
  }
  if (!POLICIES.includes(onParentClose)) {
    throw new PerdureError(
      "E_BAD_OPTION",
      `onParentClose of child "${name}" is ${shown(onParentClose)}; it must be "cancel", "abandon" or "wait".`,
    );
  }
  return {
    kind: "child",
    workflow: workflow.name,
    input,
    runId: childRunIdOf(
      execution.run.runId,
      execution.keyOf(execution.calls.peekId("child", `${prefix}${name}`)),
    ),
    onParentClose,
    startedAt: undefined,
    checked: undefined,
    isSettledOutside: false,
    ...how,
  };
}
