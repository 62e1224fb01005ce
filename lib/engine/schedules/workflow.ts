// The workflow that carries a schedule: one run from its creation to its end. So a schedule has what every run has: it
// survives any crash, its timers are found again by the sweeper, and its journal says who did what to it, and when.
//
//   turn:  say how it stands ──► wait for an event, or for what is due ──► start a run, or ask runs to end ──► next state
//
// A run is started under an id that follows from this run and the time it is for, so that a time has one run, however
// often its start is tried. The run tells its end by a signal (family.ts). A turn starts one run at most, because of what
// the state before it says (H2); the times behind it stand in the state that is recorded when it ends.
import { START_AGAIN_AFTER_MS } from "../../limits.ts";
import type { Context } from "../../sdk/context.ts";
import { ChildRunError, TimeoutError } from "../../sdk/errors.ts";
import { SCHEDULE_WORKFLOW } from "../../sdk/names.ts";
import { type AnyWorkflow, workflow } from "../../sdk/workflow.ts";
import { EventSchema, SCHEDULE_SIGNAL, type ScheduleEvent, schemaOf } from "./events.ts";
import { type Plan, planOf, runAttributes } from "./plan.ts";
import {
  apply,
  type Counts,
  count,
  due,
  dueAt,
  type Fire,
  failed,
  firstState,
  isOver,
  type Move,
  planned,
  type ScheduleState,
  started,
  timesToCome,
} from "./state.ts";
import { schedulingOf } from "./verbs.ts";

/** What a schedule shows of itself. */
export interface PublishedSchedule extends ScheduleState {
  /** The first few times to come, epoch ms. */
  readonly times: readonly number[];
}

/** One schedule has one open run. */
export const scheduleWorkflow: AnyWorkflow = named(
  SCHEDULE_WORKFLOW,
  workflow(
    "schedule",
    {
      input: schemaOf<Plan>((plan) => planOf(plan as Plan)),
      signals: { [SCHEDULE_SIGNAL]: EventSchema },
      singleton: { key: ({ id }) => id, onConflict: "use-existing" },
    },
    async (ctx, plan): Promise<Counts> => {
      const last = await ctx.loop("times", firstState(plan, ctx.now().getTime()), async (c, state, turn) => {
        void c.publish(shownOf(state));
        return isOver(state) ? { done: state } : { next: await takeTurn(c, state, turn) };
      });
      return last.counts;
    },
  ),
);

/** Names of authors' workflows may not look like ours. */
function named(name: string, own: AnyWorkflow): AnyWorkflow {
  return Object.freeze({ ...own, name });
}

export function shownOf(state: ScheduleState): PublishedSchedule {
  return { ...state, times: timesToCome(state) };
}

async function takeTurn(c: Context, state: ScheduleState, turn: number): Promise<ScheduleState> {
  const event = await nextEvent(c, dueAt(state, c.runId, c.now().getTime()));
  const now = c.now().getTime();
  const move = event === undefined ? due(state, now) : apply(state, event, now, String(turn));
  return planned(await carryOut(c, move));
}

/** Nothing when what is due has come first. */
async function nextEvent(c: Context, until: number | undefined): Promise<ScheduleEvent | undefined> {
  try {
    return (await schedulingOf(c).next(SCHEDULE_SIGNAL, until)) as ScheduleEvent;
  } catch (error) {
    if (error instanceof TimeoutError) return undefined;
    throw error;
  }
}

async function carryOut(c: Context, { state, start, cancel = [] }: Move): Promise<ScheduleState> {
  for (const runId of cancel)
    await schedulingOf(c).end(runId, `the next run of schedule ${state.plan.id} takes its place`);
  return start === undefined ? state : await startRun(c, state, start);
}

/** A workflow that is not deployed may be about to be; any other refusal is final. */
async function startRun(c: Context, state: ScheduleState, fire: Fire): Promise<ScheduleState> {
  const { plan } = state;
  const start = {
    runId: `${c.runId}.${fire.key}`,
    workflow: plan.workflow,
    input: plan.input,
    attributes: runAttributes(plan, fire.time),
    scheduled: { schedule: plan.id, for: fire.time },
  };
  for (let tries = 0; ; tries += 1) {
    try {
      const { runId } = await schedulingOf(c).start(start);
      return started(state, fire, runId, c.now().getTime());
    } catch (error) {
      if (!(error instanceof ChildRunError)) throw error;
      const code = codeOf(error.cause);
      // The time has had its run: a backfill goes over it.
      if (code === "E_IDEMPOTENCY_CONFLICT") return count(state, "skipped");
      const againAfterMs = code === "E_UNKNOWN_WORKFLOW" ? START_AGAIN_AFTER_MS[tries] : undefined;
      if (againAfterMs === undefined) return failed(state, c.now().getTime(), error.message);
      await c.sleep("deployment", againAfterMs);
    }
  }
}

function codeOf(cause: unknown): unknown {
  return typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
}
