// Giving a run back: suspended, handed off, closed (lib/engine/leave.ts), and the loop that comes to it
// (lib/engine/activation.ts).
import type { Area } from "../mutant.ts";

const leave = "lib/engine/leave.ts";
const activation = "lib/engine/activation.ts";
const HAND_OFF = ["test/engine/hand-off.test.ts", "test/engine/crash-sweep.test.ts"];

export const suspending: Area = [
  {
    name: "a hand-off sends no message",
    invariant: "W2, W3",
    why: "the run waits for the sweeper",
    file: leave,
    find: "await sendWakeUp(engine, run.runId, seen + 1, 0);",
    replace: "",
    noticedIn: HAND_OFF,
  },
  {
    name: "a hand-off sends its message after the lease is dropped",
    invariant: "W2",
    why: "a crash between the two leaves a run that nothing brings on",
    file: leave,
    find: "await sendWakeUp(engine, run.runId, seen + 1, 0);",
    replace: "",
    also: [
      {
        file: leave,
        find: "if (result.ok) {",
        replace:
          'if (result.ok) {\n    if (ending.kind === "hand-off") await sendWakeUp(engine, run.runId, seen + 1, 0);',
      },
    ],
    noticedIn: HAND_OFF,
  },
  {
    name: "a refused suspension is taken for done",
    invariant: "W1",
    why: "the message is deleted although a cause came that nobody has looked at",
    file: leave,
    find: "if (result.ok) {",
    replace: "if (run !== undefined) {",
  },
  {
    name: "the inbox is not read again when a cause has come",
    invariant: "W1",
    why: "a signal that comes while the run is about to suspend is lost",
    file: activation,
    find: "      if (this.#wake > this.seen) {\n        await this.#readInbox();",
    replace: "      if (this.#wake > this.seen) {\n        this.seen = this.#wake;",
    noticedIn: ["test/engine/signals.test.ts"],
  },
  {
    name: "an activation may hand off before it has recorded anything",
    invariant: "code",
    why: "a run whose replay takes longer than an activation never moves",
    file: activation,
    find: "if (this.#checkpoints === 0) return false;",
    replace: "",
    noticedIn: HAND_OFF,
  },
  {
    name: "time that runs out is not looked at",
    invariant: "code",
    why: "activations are cut off in the middle of their work",
    file: activation,
    find: " || host.remainingMs() < handOffBeforeMs;",
    replace: ";",
    noticedIn: HAND_OFF,
  },
  {
    name: "code that waits for something foreign is suspended",
    invariant: "D1",
    why: "the run waits for ever and nobody is told",
    file: activation,
    find: "if (!execution.calls.anyOpen && !hasEnded) return stalledByForeignAwait",
    replace: "if (execution === undefined) return stalledByForeignAwait",
    noticedIn: ["test/engine/divergence.test.ts"],
  },
  {
    name: "a run's deadline wakes nobody",
    invariant: "W3",
    why: "a run that waits for a signal does not time out",
    file: activation,
    find: "earliest(earliest(decision.nextAt, this.#deadline()), this.#graceUntil)",
    replace: "earliest(decision.nextAt, this.#graceUntil)",
    noticedIn: ["test/engine/sleeps.test.ts"],
  },
  {
    name: "a run's deadline is not kept",
    invariant: "code",
    why: "a run never times out",
    file: activation,
    find: "return end.isExpired || end.outcome !== undefined ? undefined : this.#options.run.deadline;",
    replace: "return undefined;",
    noticedIn: ["test/engine/sleeps.test.ts"],
  },
];
