// The Context a workflow gets: turns its calls into Call records of the execution and returns their promises. Runs
// nothing; whether a step's body ever runs is decided elsewhere, from the journal.
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Log } from "../ports/log.ts";
import type { Context, SignalOptions } from "../sdk/context.ts";
import { durationMs } from "../sdk/duration.ts";
import { PerdureError } from "../sdk/errors.ts";
import { checkName } from "../sdk/names.ts";
import { checkKeys } from "../sdk/options.ts";
import type { StepBody, StepOptions } from "../sdk/step.ts";
import type { Call, SignalCall, SleepCall, StepCall } from "./call.ts";
import { shortDigest } from "./digest.ts";
import type { Execution } from "./execution.ts";
import { backoffOf } from "./retry.ts";
import { seededRandom, seededUuid } from "./seeded.ts";

type Common = "id" | "name" | "turn" | "settled" | "resolve" | "reject";
type Asked = Omit<StepCall, Common | "idempotencyKey"> | Omit<SleepCall, Common> | Omit<SignalCall, Common>;

type AnySignalOptions = SignalOptions & { readonly schema?: StandardSchemaV1 };

const MAX_IDEMPOTENCY_KEY_CHARS = 255;

export function createContext(execution: Execution, log: Log): Context {
  const { runId, workflow } = execution.run;
  let draws = 0;
  const draw = () => {
    draws += 1;
    return draws;
  };
  return {
    runId,
    workflow,
    step: <T>(name: string, body: StepBody<T>, options: StepOptions = {}) =>
      make(execution, "step", name, () => stepAsked(name, body, options)) as Promise<T>,
    sleep: (name, duration) =>
      make(execution, "sleep", name, () => ({
        kind: "sleep",
        durationMs: durationMs(duration, `duration of sleep "${name}"`),
        wakeAt: undefined,
      })) as Promise<void>,
    // biome-ignore lint/suspicious/noExplicitAny: the overloads of Context give the callers their types
    waitForSignal: (name: string, options?: AnySignalOptions): Promise<any> =>
      make(execution, "signal", name, () => ({
        kind: "signal",
        schema: options?.schema,
        timeoutMs:
          options?.timeout === undefined
            ? undefined
            : durationMs(options.timeout, `timeout of signal "${name}"`),
        deadline: undefined,
      })),
    now: () => new Date(execution.now),
    random: () => seededRandom(runId, draw()),
    uuid: () => seededUuid(runId, draw()),
    log: liveLog(execution, log),
  };
}

function make(execution: Execution, kind: Call["kind"], name: string, ask: () => Asked): Promise<unknown> {
  const promise = new Promise<unknown>((resolve, reject) => {
    checkName(kind, name);
    const asked = ask();
    if (!execution.admits(`ctx ${kind} "${name}"`)) return;
    const id = idOrFault(execution, kind, name);
    if (id === undefined) return;
    const common = { id, name, turn: execution.turn, settled: false, resolve, reject };
    if (asked.kind === "step") {
      execution.calls.add({ ...asked, ...common, idempotencyKey: idempotencyKeyOf(execution.run.runId, id) });
    } else {
      execution.calls.add({ ...asked, ...common });
    }
  });
  // A result that nobody waits for (the loser of a race) must not end the process.
  promise.catch(() => {});
  return promise;
}

function idOrFault(execution: Execution, kind: Call["kind"], name: string): string | undefined {
  try {
    return execution.calls.nextId(kind, name, execution.turn);
  } catch (error) {
    if (!(error instanceof PerdureError)) throw error;
    execution.fault ??= error;
    return undefined;
  }
}

function stepAsked(
  name: string,
  body: StepBody<unknown>,
  options: StepOptions,
): Omit<StepCall, Common | "idempotencyKey"> {
  if (typeof body !== "function") {
    throw new PerdureError(
      "E_BAD_OPTION",
      `Step "${name}" has no function; it is the second argument of ctx.step.`,
    );
  }
  checkKeys(`Step "${name}"`, options, ["retry", "timeout", "on"]);
  if (options.on !== undefined) checkName("step handler", options.on);
  return {
    kind: "step",
    body,
    backoff: backoffOf(options.retry),
    timeoutMs:
      options.timeout === undefined ? undefined : durationMs(options.timeout, `timeout of step "${name}"`),
    on: options.on,
    state: { at: "ready", attempt: 1, notBefore: 0 },
  };
}

/** Neither a run id nor a step's name holds a '/', so two steps never share a key. */
function idempotencyKeyOf(runId: string, stepId: string): string {
  const key = `${runId}/${stepId}`;
  return key.length <= MAX_IDEMPOTENCY_KEY_CHARS ? key : `${runId}/${shortDigest(stepId)}`;
}

/** What replay has already logged is not logged again. */
function liveLog(execution: Execution, log: Log): Log {
  return {
    debug: (message, fields) => execution.live && log.debug(message, fields),
    info: (message, fields) => execution.live && log.info(message, fields),
    warn: (message, fields) => execution.live && log.warn(message, fields),
    error: (message, fields) => execution.live && log.error(message, fields),
    with: (fields) => liveLog(execution, log.with(fields)),
  };
}
