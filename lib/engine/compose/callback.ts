// `ctx.waitForCallback` and `ctx.waitForApproval`: a wait, and the step that tells the outside how to end it.
//
//   <name>          the wait
//   <name>/submit   hands out a token; an approval's hands out two, one for each answer
//   <name>/later    an approval's wait before it asks somebody else: <name>/escalate
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { ApprovalOptions, CallbackOptions, Submit } from "../../sdk/callback.ts";
import type { DurablePromise } from "../../sdk/durable-promise.ts";
import { durationMs, limitMs } from "../../sdk/duration.ts";
import { PerdureError } from "../../sdk/errors.ts";
import { checkName } from "../../sdk/names.ts";
import { checkFunction, checkKeys, checkSchema, shown } from "../../sdk/options.ts";
import type { RetryPolicy, StepContext } from "../../sdk/step.ts";
import { type AskedOf, durable, type Made, makeCall, plainStep } from "../call-factory.ts";
import type { Execution } from "../execution.ts";
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
    checkFunction(`The submit of ${what}`, submit, " that hands out its token");
    checkKeys(`Callback "${name}"`, options, ["timeout", "heartbeatTimeout", "schema", "retry"]);
    // Of the step that hands out the token: what is wrong with it is told before anything waits.
    backoffOf(options.retry);
    return asked(what, options);
  });
  if (wait.id === undefined) return wait;
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
    checkKeys(`Approval "${name}"`, options, ["to", "timeout", "escalate"]);
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
    timeoutMs: limitMs(options.timeout, `timeout of ${what}`),
    heartbeatTimeoutMs: limitMs(options.heartbeatTimeout, `heartbeatTimeout of ${what}`),
    awaitedAt: undefined,
    deadline: undefined,
    isSettledOutside: false,
  };
}

function checkApproval(what: string, { to, timeout, escalate }: ApprovalOptions): void {
  checkFunction(`\`to\` of ${what}`, to, " that sends its links");
  if (escalate === undefined) return;
  checkKeys(`escalate of ${what}`, escalate, ["after", "to"]);
  checkFunction(`to in escalate of ${what}`, escalate.to, " that sends its links");
  const afterMs = durationMs(escalate.after, `escalate.after of ${what}`);
  const timeoutMs = limitMs(timeout, `timeout of ${what}`) ?? Number.POSITIVE_INFINITY;
  if (afterMs < timeoutMs) return;
  throw new PerdureError(
    "E_BAD_OPTION",
    `escalate.after of ${what} is ${shown(escalate.after)}, and its timeout is ${shown(timeout)}; it must be before that.`,
  );
}
