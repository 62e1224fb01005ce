// Facts from outside: signals and starts, and the causes that are counted for them (W1).
import type { Area } from "../mutant.ts";

const wake = "lib/engine/wake.ts";
const sendSignal = "lib/engine/send-signal.ts";
const startRun = "lib/engine/start-run.ts";
const SIGNALS = ["test/engine/signals.test.ts"];

export const inbox: Area = [
  {
    name: "a cause is counted and not announced",
    invariant: "W1",
    why: "a signal waits for the sweeper",
    file: wake,
    find: "if (!isLeased(run, now)) await sendWakeUp(engine, runId, run.wake, 0);",
    replace: "",
    noticedIn: SIGNALS,
  },
  {
    name: "a cause is announced and not counted",
    invariant: "W1",
    why: "an activation that is about to suspend does not hear of the signal",
    file: wake,
    find: "await ports.store.runs.raise({ runId, sweepAt: sweepTime(now, settings) })",
    replace: "await ports.store.runs.get(runId)",
    noticedIn: SIGNALS,
  },
  {
    name: "a message is sent before its cause is counted",
    invariant: "W1",
    why: "the message comes when META has nothing to handle, and is deleted",
    file: wake,
    find: "const run = await ports.store.runs.raise(",
    replace: `const before = await ports.store.runs.get(runId);
  if (before !== undefined && !isLeased(before, now)) await sendWakeUp(engine, runId, before.wake, 0);
  const run = await ports.store.runs.raise(`,
    also: [
      {
        file: wake,
        find: "if (!isLeased(run, now)) await sendWakeUp(engine, runId, run.wake, 0);",
        replace: "",
      },
    ],
    noticedIn: SIGNALS,
  },
  {
    name: "a cause is counted before its signal is stored",
    invariant: "W1",
    why: "the activation it wakes finds an empty inbox and suspends for ever",
    file: sendSignal,
    find: "const result = await (idempotencyKey === undefined",
    replace: "const open = await wake(engine, runId);\n  const result = await (idempotencyKey === undefined",
    also: [
      {
        file: sendSignal,
        find: "const open = await wake(engine, runId);\n  const isTaken",
        replace: "const isTaken",
      },
    ],
    noticedIn: ["test/engine/announcing.test.ts"],
  },
  {
    name: "a signal that was stored before is not announced again",
    invariant: "J4",
    why: "a caller that repeats what failed half-way helps nobody",
    file: sendSignal,
    find: "const open = await wake(engine, runId);",
    replace: "const open = !result.stored || (await wake(engine, runId));",
    noticedIn: ["test/engine/announcing.test.ts"],
  },
  {
    name: "a signal's idempotency key is not used",
    invariant: "J4",
    why: "a signal that is sent again is delivered twice",
    file: sendSignal,
    find: "sha256Hex(idempotencyKey).slice(0, 32)",
    replace: "sha256Hex(idempotencyKey + ports.random.id()).slice(0, 32)",
    noticedIn: SIGNALS,
  },
  {
    name: "one key may carry two payloads",
    invariant: "code",
    why: "the second signal is lost, and its sender told that it was stored",
    file: sendSignal,
    find: "if (!result.stored && !(await isSame(",
    replace: "if (result === undefined && !(await isSame(",
    noticedIn: SIGNALS,
  },
  {
    name: "a closed run takes signals",
    invariant: "C1",
    why: "a signal is accepted that nobody will ever read",
    file: sendSignal,
    find: "if (known === undefined && isClosed(run.status)) {",
    replace: "if (run === undefined) {",
    also: [
      {
        file: sendSignal,
        find: "if (result.stored && !open && !(await isTaken()))",
        replace: "if (run === undefined)",
      },
    ],
    noticedIn: SIGNALS,
  },
  {
    name: "a signal that meets the end of its run is accepted",
    invariant: "C1",
    why: "its sender is told that it has reached a run which had ended",
    file: sendSignal,
    find: "if (result.stored && !open && !(await isTaken()))",
    replace: "if (run === undefined)",
    noticedIn: ["test/engine/announcing.test.ts"],
  },
  {
    name: "consumed signals are forgotten",
    invariant: "J3",
    why: "one signal is delivered again and again",
    file: "lib/engine/decision.ts",
    find: " || consumed.has(fact.key)) continue;",
    replace: ") continue;",
    noticedIn: SIGNALS,
  },
  {
    name: "a signal is recorded without a look at its schema",
    invariant: "J3",
    why: "the workflow gets a payload that its types rule out",
    file: "lib/engine/kinds/signal.ts",
    find: "if (fact !== undefined && (call.schema !== undefined || isFolded)) {",
    replace: "if (fact !== undefined && isFolded) {",
    noticedIn: SIGNALS,
  },
  {
    name: "a start sends no message",
    invariant: "W2",
    why: "the run waits for the sweeper",
    file: startRun,
    find: 'if (run.fence === 0 && run.status === "pending") await sendWakeUp',
    replace: "if (run.fence < 0) await sendWakeUp",
  },
  {
    name: "a repeated start sends no message",
    invariant: "J4",
    why: "a caller that repeats what failed half-way helps nobody",
    file: startRun,
    find: 'if (run.fence === 0 && run.status === "pending") await sendWakeUp',
    replace: "if (result.created) await sendWakeUp",
    noticedIn: ["test/engine/lease-takeover.test.ts"],
  },
];
