// Sleeps, deadlines and the timers that wake a suspended run (W3, T1).
import type { Area } from "../mutant.ts";

const leave = "lib/engine/leave.ts";
const SLEEPS = ["test/engine/sleeps.test.ts"];

export const timers: Area = [
  {
    name: "a far timer is never armed",
    invariant: "W3",
    why: "a long sleep ends when the sweeper comes by",
    file: leave,
    find: "await ports.timers.arm({",
    replace: "await (async (_: unknown) => {})({",
    noticedIn: SLEEPS,
  },
  {
    name: "a near timer's delayed message is not sent",
    invariant: "W3",
    why: "a short sleep ends when the sweeper comes by",
    file: leave,
    find: "await sendWakeUp(engine, run.runId, seen + 1, delayMs);",
    replace: "",
    noticedIn: SLEEPS,
  },
  {
    name: "a timer outlives its run",
    invariant: "code",
    why: "schedules of closed runs pile up",
    file: leave,
    find: "if (run.timer !== undefined) await timers.disarm(run.timer.name);",
    replace: "",
    noticedIn: SLEEPS,
  },
  {
    name: "a sleep ends whenever its run is looked at",
    invariant: "T1",
    why: "a message that comes early fires the timer early",
    file: "lib/engine/kinds/sleep.ts",
    find: "} else if (call.wakeAt <= now) {",
    replace: "} else if (call.wakeAt > 0) {",
    noticedIn: SLEEPS,
  },
  {
    name: "a wait for a signal times out whenever its run is looked at",
    invariant: "T1",
    why: "a wake-up for another cause ends the wait early",
    file: "lib/engine/kinds/signal.ts",
    find: "} else if (call.deadline <= now) {",
    replace: "} else if (call.deadline > 0) {",
    noticedIn: ["test/engine/signals.test.ts"],
  },
  {
    name: "only the last wait wakes the run",
    invariant: "W3",
    why: "of two sleeps at once the shorter one ends late",
    file: "lib/engine/decision.ts",
    find: "at : Math.min(decision.nextAt, at);",
    replace: "at : at;",
    noticedIn: SLEEPS,
  },
  {
    name: "a schedule that fires counts no cause",
    invariant: "W1, W2",
    why: "its wake-up carries a number that was handled, and is deleted",
    file: "lib/engine/fire-timer.ts",
    find: "const raised = await ports.store.runs.raise({ runId, sweepAt: sweepTime(fireAt, settings) });",
    replace: "const raised = run;",
    noticedIn: SLEEPS,
  },
];
