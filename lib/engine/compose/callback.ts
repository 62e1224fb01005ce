// `ctx.waitForCallback` and `ctx.waitForApproval`: a wait, and the step that tells the outside how to end it.
//
//   <name>          the wait
//   <name>/submit   hands out a token; an approval's hands out two, one for each answer
//   <name>/later    an approval's wait before it asks somebody else: <name>/escalate
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { ApprovalOptions, CallbackOptions, Submit } from "../../sdk/callback.ts";
import type { DurablePromise } from "../../sdk/durable-promise.ts";
import { durationMs } from "../../sdk/duration.ts";
import { PerdureError } from "../../sdk/errors.ts";
import { checkName } from "../../sdk/names.ts";
import { checkKeys } from "../../sdk/options.ts";
import type { RetryPolicy, StepContext } from "../../sdk/step.ts";
import { type AskedOf, durable, type Made, makeCall, plainStep } from "../call-factory.ts";
import type { Execution } from "../execution.ts";
import { checkSchema, optionalMs } from "../options.ts";
import { backoffOf } from "../retry.ts";

type AnyCallbackOptions = CallbackOptions & { readonly schema?: StandardSchemaV1 };

/** `prefix` is that of the context. */
export function waitForCallback(
  execution: Execution,
  prefix: string,
  name: string,
  submit: Submit,
  options: AnyCallbackOptions,
): DurablePromise<unknown> {
  const what = `callback "${name}"`;
  const wait = makeCall(execution, "callback", `${prefix}${name}`, () => {
    checkName("callback", name);
    if (typeof submit !== "function")
      throw new PerdureError("E_BAD_OPTION", `The ${what} has no function that hands out its token.`);
    checkKeys(what, options, ["timeout", "heartbeatTimeout", "schema", "retry"]);
    return asked(what, options);
  });
  return tellOutside(execution, wait, options.retry, async (callback, step) => {
    await submit(await execution.tokens.mint({ callback: execution.keyOf(callback) }), step);
  });
}

export function waitForApproval(
  execution: Execution,
  prefix: string,
  name: string,
  options: ApprovalOptions,
): DurablePromise<unknown> {
  const what = `approval "${name}"`;
  const wait = makeCall(execution, "callback", `${prefix}${name}`, () => {
    checkName("approval", name);
    checkApproval(what, options);
    return asked(what, options.timeout === undefined ? {} : { timeout: options.timeout });
  });
  const { id } = wait;
  if (id === undefined) return wait;
  const askBy = (to: ApprovalOptions["to"]) => async (callback: string, step: StepContext) => {
    // As it is recorded, for the links end with the wait.
    const expiresAt = deadlineOf(execution, callback);
    const ends = expiresAt === undefined ? {} : { expiresAt };
    const { tokens } = execution;
    const link = async (decision: "approve" | "reject") =>
      tokens.linkOf(await tokens.mint({ callback: execution.keyOf(callback), decision, ...ends }));
    await to({ approveUrl: await link("approve"), rejectUrl: await link("reject"), expiresAt }, step);
  };
  if (options.escalate !== undefined) escalate(execution, id, wait, options.escalate, askBy);
  return tellOutside(execution, wait, undefined, askBy(options.to));
}

type Tell = (callback: string, step: StepContext) => Promise<void>;

/** The wait fails with what telling failed with: nobody could ever end it. */
function tellOutside(
  execution: Execution,
  wait: Made,
  retry: RetryPolicy | undefined,
  tell: Tell,
): DurablePromise<unknown> {
  const { id } = wait;
  if (id === undefined) return wait;
  // Whoever has answered is not asked again, although handing out the token has failed. An attempt that is under way then
  // may end in peace: what it does besides is none of our business.
  let isAnswered = false;
  const submitted = makeCall(execution, "step", `${id}/submit`, () => ({
    ...plainStep(async (step) => {
      if (!isAnswered) await tell(id, step);
    }),
    backoff: backoffOf(retry),
  }));
  // Once nobody waits, nobody need be told.
  wait.catch(() => submitted.cancel());
  const ended = new Promise<unknown>((resolve, reject) => {
    wait.then((value) => {
      isAnswered = true;
      resolve(value);
    }, reject);
    submitted.catch((error: Error) => {
      reject(error);
      wait.cancel();
    });
  });
  return durable(ended, (reason) => wait.cancel(reason));
}

function deadlineOf({ calls }: Execution, callback: string): number | undefined {
  const call = calls.find("callback", callback);
  return call?.kind === "callback" ? call.deadline : undefined;
}

function escalate(
  execution: Execution,
  id: string,
  wait: Made,
  { after, to }: NonNullable<ApprovalOptions["escalate"]>,
  askBy: (to: ApprovalOptions["to"]) => Tell,
): void {
  let isOver = false;
  let asked: Made | undefined;
  const timer = makeCall(execution, "sleep", `${id}/later`, () => ({
    kind: "sleep",
    span: { ms: durationMs(after, `escalate.after of approval "${id}"`) },
    wakeAt: undefined,
  }));
  const end = () => {
    isOver = true;
    timer.cancel();
    asked?.cancel();
  };
  wait.then(end, end);
  timer
    .then(async () => {
      if (isOver) return;
      asked = makeCall(execution, "step", `${id}/escalate`, () => plainStep((step) => askBy(to)(id, step)));
      await asked;
    })
    .catch(() => {});
}

function asked(what: string, options: AnyCallbackOptions): AskedOf<"callback"> {
  checkSchema(what, options.schema);
  return {
    kind: "callback",
    schema: options.schema,
    timeoutMs: optionalMs(options.timeout, `timeout of ${what}`),
    heartbeatTimeoutMs: optionalMs(options.heartbeatTimeout, `heartbeatTimeout of ${what}`),
    awaitedAt: undefined,
    deadline: undefined,
    isSettledOutside: false,
  };
}

function checkApproval(what: string, options: ApprovalOptions | undefined): void {
  if (typeof options?.to !== "function")
    throw new PerdureError("E_BAD_OPTION", `The ${what} has no function \`to\` that sends its links.`);
  checkKeys(what, options, ["to", "timeout", "escalate"]);
  if (options.escalate === undefined) return;
  durationMs(options.escalate.after, `escalate.after of ${what}`);
  checkKeys(`escalate of ${what}`, options.escalate, ["after", "to"]);
  if (typeof options.escalate.to !== "function")
    throw new PerdureError("E_BAD_OPTION", `escalate of ${what} has no function \`to\`.`);
}
