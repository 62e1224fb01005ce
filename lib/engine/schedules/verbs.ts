// What the code of a schedule can do that no author can: wait for a signal up to a time to the millisecond, start a run of
// any workflow under an id and with attributes of its choice, and ask a run to end. Each is a call like any other.
import type { Attributes } from "../../ports/run.ts";
import type { ChildHandle } from "../../sdk/child.ts";
import type { Context } from "../../sdk/context.ts";
import type { Scheduled } from "../../sdk/schedule.ts";
import type { SignalCall } from "../call.ts";
import { makeCall } from "../call-factory.ts";
import type { Execution } from "../execution.ts";

/** Key of a context under which they are. */
export const SCHEDULING = Symbol("perdure.scheduling");

/** A run that a schedule starts. */
export interface ScheduledStart {
  readonly runId: string;
  readonly workflow: string;
  readonly input: unknown;
  readonly attributes: Attributes;
  /** `for`: epoch ms. */
  readonly scheduled: { readonly schedule: string; readonly for: number };
}

export interface Scheduling {
  /** @throws TimeoutError at the time, epoch ms; without one it waits for ever */
  next(signal: string, until: number | undefined): Promise<unknown>;
  /** @throws ChildRunError when it cannot be started, or was started before by somebody else */
  start(start: ScheduledStart): Promise<ChildHandle>;
  end(runId: string, reason: string): Promise<void>;
}

export function schedulingOf(ctx: Context): Scheduling {
  return (ctx as unknown as { readonly [SCHEDULING]: Scheduling })[SCHEDULING];
}

/** Of a context; `prefix` is its. */
export function createScheduling(execution: Execution, prefix: string): Scheduling {
  return {
    next: async (signal, until) =>
      await makeCall(execution, "signal", `${prefix}${signal}`, () => asked(signal, until)),
    start: async (start) => {
      const { runId, workflow, input } = start;
      const begun = Promise.withResolvers<ChildHandle>();
      const call = makeCall(execution, "child", `${prefix}start`, () => ({
        ...abandoned,
        workflow,
        input,
        runId,
        start,
        onStarted: begun.resolve,
        onRefused: begun.reject,
      }));
      call.catch(begun.reject);
      return await begun.promise;
    },
    end: async (runId, reason) => {
      await makeCall(execution, "child", `${prefix}end`, () => ({
        ...abandoned,
        workflow: "",
        input: undefined,
        runId,
        endsFor: reason,
      }));
    },
  };
}

/** Which time of which schedule a run was started for, as its code sees it. */
export function scheduledOf({ run: { scheduled } }: Execution): Scheduled | undefined {
  return scheduled === undefined ? undefined : { schedule: scheduled.schedule, for: new Date(scheduled.for) };
}

const abandoned = {
  kind: "child",
  onParentClose: "abandon",
  isAwaited: false,
  startedAt: undefined,
  checked: undefined,
  isSettledOutside: false,
} as const;

function asked(
  signal: string,
  until: number | undefined,
): Omit<SignalCall, "id" | "key" | "name" | "turn" | "settled" | "withdrawn" | "resolve" | "reject"> {
  return { kind: "signal", signal, schema: undefined, timeoutMs: undefined, until, deadline: undefined };
}
