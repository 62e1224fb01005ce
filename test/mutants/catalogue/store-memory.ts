// The journal and the index in memory, on which the simulator runs (lib/local/memory-*.ts).
import type { Area } from "../mutant.ts";

const journal = "lib/local/memory-journal.ts";
const noticedIn = ["test/local/memory-store.test.ts"];

export const storeMemory: Area = [
  {
    name: "memory: a checkpoint overwrites a taken slot",
    invariant: "J1",
    why: "the last writer wins, and recorded results change",
    file: journal,
    find: "const existing = this.standing(runId, checkpoint.first);",
    replace: "const existing = undefined as Checkpoint | undefined;",
    noticedIn,
  },
  {
    name: "memory: a checkpoint does not know its own mark",
    invariant: "J2",
    why: "a write whose answer was lost counts as somebody else's",
    file: journal,
    find: "if (existing.mark === checkpoint.mark) return",
    replace: "if (existing.mark === undefined) return",
    noticedIn,
  },
  {
    name: "memory: a fact overwrites one under the same key",
    invariant: "J4",
    why: "a step has two results, and a signal two payloads",
    file: journal,
    find: "if (existing !== undefined) return { stored: false",
    replace: "if (existing === fact) return { stored: false",
    noticedIn,
  },
  {
    name: "memory: a step's claim is taken while it is held",
    invariant: "J1",
    why: "two handlers run one step",
    file: journal,
    find: "if (standing !== undefined && now < standing.leaseUntil) return",
    replace: "if (standing !== undefined && now < 0) return",
    noticedIn,
  },
  {
    name: "memory: a step's claim is renewed by somebody else",
    invariant: "J1",
    why: "a handler that was replaced believes that it holds the step",
    file: journal,
    find: "if (standing?.owner !== owner) return false;",
    replace: "if (standing === undefined) return false;",
    noticedIn,
  },
  {
    name: "memory: the sweep index hides runs that are due",
    invariant: "W4",
    why: "nothing finds a run whose message was lost",
    file: "lib/local/memory-store.ts",
    find: "run.sweepAt <= now",
    replace: "run.sweepAt < 0",
    noticedIn,
  },
  {
    name: "memory: an armed timer is armed anew",
    invariant: "W3",
    why: "a repeated request moves a timer that somebody relies on",
    file: "lib/local/memory-timers.ts",
    find: "if (this.#timers.has(timer.name)) return;",
    replace: "",
    noticedIn: ["test/local/memory-timers.test.ts"],
  },
  {
    name: "memory: a message shown again is hidden by its former holder",
    invariant: "W2",
    why: "a late renewal takes a message from its new holder",
    file: "lib/local/memory-queue.ts",
    find: "if (message === undefined || message.visibleAt <= now) return;",
    replace: "if (message === undefined) return;",
    noticedIn: ["test/local/memory-queue.test.ts"],
  },
];
