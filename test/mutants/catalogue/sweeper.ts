// The sweeper (lib/engine/sweep.ts) and the places it looks at (lib/engine/leave.ts).
import type { Area } from "../mutant.ts";

const file = "lib/engine/sweep.ts";
const SWEEPER = ["test/engine/sweeper.test.ts", "test/engine/sweep-decisions.test.ts"];
const TAKEOVER = ["test/engine/lease-takeover.test.ts"];
const STEP_HANDLERS = ["test/engine/step-handlers.test.ts"];

export const sweeper: Area = [
  {
    name: "the sweeper finds overdue runs and sends nothing",
    invariant: "W4",
    why: "a lost message loses its run",
    file,
    find: "await sendWakeUp(engine, run.runId, action.n, 0);",
    replace: "",
    noticedIn: TAKEOVER,
  },
  {
    name: "the sweeper does not see that a timer is overdue",
    invariant: "W4",
    why: "a schedule that never fires loses its run",
    file,
    find: "if (nextWakeAt !== undefined && nextWakeAt <= now) {",
    replace: "if (nextWakeAt !== undefined && nextWakeAt < 0) {",
    noticedIn: ["test/engine/sleeps.test.ts"],
  },
  {
    name: "the sweeper takes the message of a near timer for lost",
    invariant: "W4",
    why: "sleeping runs are woken for nothing",
    file,
    find: "return run.nextWakeAt !== undefined && run.timer === undefined ? 1 : 0;",
    replace: "return run.nextWakeAt !== undefined && run.timer === undefined ? 0 : 0;",
    noticedIn: SWEEPER,
  },
  {
    name: "the sweeper takes a lost message for that of a timer",
    invariant: "W4",
    why: "a signal to a run with a long sleep waits for the end of the sleep",
    file,
    find: "return run.nextWakeAt !== undefined && run.timer === undefined ? 1 : 0;",
    replace: "return run.nextWakeAt !== undefined ? 1 : 0;",
    noticedIn: SWEEPER,
  },
  {
    name: "the sweeper does not check on step handlers",
    invariant: "W4",
    why: "a step message that was lost is never sent again",
    file,
    find: 'if (run.checkAt !== undefined && run.checkAt <= now) return { kind: "wake" };',
    replace: "",
    noticedIn: STEP_HANDLERS,
  },
  {
    name: "one run that cannot be read ends the sweep",
    invariant: "W4",
    why: "it keeps the sweeper from all the others",
    file,
    find: 'engine.ports.log.error("a run could not be swept"',
    replace: 'throw error;\n    engine.ports.log.error("a run could not be swept"',
    noticedIn: SWEEPER,
  },
  {
    name: "the sweeper believes the index",
    invariant: "W4",
    why: "a run that has moved on since is woken for nothing",
    file,
    find: "run.sweepAt === undefined || run.sweepAt > now)",
    replace: "run.sweepAt === undefined)",
    noticedIn: [...SWEEPER],
  },
  {
    name: "the sweeper sends messages for stalled runs",
    invariant: "W4",
    why: "each sweep sends a message that nobody may act on",
    file,
    find: 'if (run.status === "stalled" || run.status === "paused") return',
    replace: 'if (run.status === "paused") return',
    noticedIn: [...SWEEPER],
  },
  {
    name: "the sweeper sends messages for leased runs",
    invariant: "W4",
    why: "each long activation gets another message at each sweep",
    file,
    find: "if (isLeased(run, now)) return postponeTo(now);",
    replace: "",
    noticedIn: [...SWEEPER],
  },
  {
    name: "a run that waits for a step handler is not looked at again",
    invariant: "W3, W4",
    why: "a step message that was lost is never sent again",
    file: "lib/engine/leave.ts",
    find: "(ending.onHandler ? now + settings.sweepGrainMs : undefined)",
    replace: "(ending.onHandler && now < 0 ? now + settings.sweepGrainMs : undefined)",
    noticedIn: STEP_HANDLERS,
  },
  {
    name: "each cause pushes the check on a step handler away",
    invariant: "W4",
    why: "a run that gets many signals never notices that its step's message was lost",
    file: "lib/engine/leave.ts",
    find: "return checkAt !== undefined && checkAt > now ? { checkAt } : {};",
    replace: "return {};",
    noticedIn: STEP_HANDLERS,
  },
];
