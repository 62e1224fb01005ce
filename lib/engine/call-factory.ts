// Makes the calls of the code: gives each its id and its promise and hands it to the execution.
import type { Run } from "../ports/run.ts";
import type { DurablePromise } from "../sdk/durable-promise.ts";
import { CancelledError, PerdureError } from "../sdk/errors.ts";
import type { Check } from "../sdk/step.ts";
import type { Asked, Call, CallKind, CallOf } from "./call.ts";
import { shortDigest } from "./digest.ts";
import type { Execution } from "./execution.ts";
import { backoffOf } from "./retry.ts";
import { isUndoId } from "./undo-id.ts";

const MAX_IDEMPOTENCY_KEY_CHARS = 255;

type AskedStep = Omit<Extract<Asked, { kind: "step" }>, "idempotencyKey">;
export type AskedOf<K extends CallKind> = K extends "step" ? AskedStep : Extract<Asked, { kind: K }>;

/** The promise of a call; without an id it was refused or not admitted. */
export type Made = DurablePromise<unknown> & { readonly id: string | undefined };

/** `name` holds its scopes. `ask` checks the options; what it throws rejects the call. */
export function makeCall<K extends CallKind>(
  execution: Execution,
  kind: K,
  name: string,
  ask: () => AskedOf<K>,
): Made {
  let call: Call | undefined;
  const promise = new Promise<unknown>((resolve, reject) => {
    const asked = ask();
    execution.checkReach(`${kind} "${name}"`, name);
    if (!execution.admits(`ctx ${kind} "${name}"`, isUndoId(name))) return;
    const id = idOrFault(execution, kind, name);
    if (id === undefined) return;
    const { turn } = execution;
    const key = execution.keyOf(id);
    const base = { id, key, name, turn, settled: false, withdrawn: false, resolve, reject };
    const more = kind === "step" ? { idempotencyKey: idempotencyKeyOf(execution.run, key) } : {};
    call = { ...asked, ...base, ...more } as unknown as CallOf<K>;
    execution.calls.add(call);
  });
  const made = durable(promise, (reason) => {
    execution.checkReach(`the cancel of ${kind} "${name}"`, name);
    if (call !== undefined && execution.admits(`cancel of ${kind} "${call.id}"`, false))
      execution.calls.withdraw(call, cancelled(`${kind} "${call.id}"`, reason));
  });
  return Object.assign(made, { id: call?.id });
}

/** A result that nobody waits for (the loser of a race) must not end the process. */
export function durable<T>(promise: Promise<T>, cancel: (reason?: string) => void): DurablePromise<T> {
  promise.catch(() => {});
  return Object.assign(promise, { cancel });
}

export function cancelled(what: string, reason: string | undefined): CancelledError {
  return new CancelledError(
    `${what} was cancelled by its workflow${reason === undefined ? "" : `: ${reason}`}`,
  );
}

/** A step with nothing but a body. */
export function plainStep(body: Check<unknown>): AskedStep {
  return {
    kind: "step",
    body,
    backoff: backoffOf(),
    timeoutMs: undefined,
    heartbeatTimeoutMs: undefined,
    deadline: undefined,
    isAtMostOnce: false,
    schema: undefined,
    polling: undefined,
    compensation: undefined,
    on: undefined,
    state: { at: "ready", attempt: 1, notBefore: 0 },
    failures: 0,
    previous: undefined,
  };
}

/** Reserves an id; a name that would be ambiguous is a fault of the run. */
export function idOrFault(execution: Execution, kind: CallKind | "scope", name: string): string | undefined {
  try {
    return execution.calls.nextId(kind, name, execution.turn);
  } catch (error) {
    if (!(error instanceof PerdureError)) throw error;
    execution.fault ??= error;
    return undefined;
  }
}

/**
 * A run id holds no '/', and ids of steps are unique in a run: two steps never share a key. A run that was retried goes on
 * with the keys of the one it came from: to the outside it is the same.
 */
function idempotencyKeyOf({ runId: own, forkedFrom }: Run, stepId: string): string {
  const runId = forkedFrom?.keysOf ?? own;
  const key = `${runId}/${stepId}`;
  return key.length <= MAX_IDEMPOTENCY_KEY_CHARS ? key : `${runId}/${shortDigest(stepId)}`;
}
