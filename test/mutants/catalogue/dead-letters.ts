// Messages that were delivered too often (lib/engine/dead-letter.ts).
import type { Area } from "../mutant.ts";

const file = "lib/engine/dead-letter.ts";
const POISON = ["test/engine/poison.test.ts"];

export const deadLetters: Area = [
  {
    name: "a dead letter of a leased run is dropped",
    invariant: "W2",
    why: "when the holder dies, nothing brings the run back",
    file,
    find: 'if (isLeased(run, now)) return { kind: "again"',
    replace: 'if (isLeased(run, now)) return { kind: "drop"',
    noticedIn: [...POISON],
  },
  {
    name: "a dead letter of a leased run counts as a death",
    invariant: "code",
    why: "a busy run stalls although it is worked on",
    file,
    find: 'return { kind: "again", deaths: before };',
    replace: 'return { kind: "again", deaths: before + 1 };',
    noticedIn: [...POISON],
  },
  {
    name: "a dead letter is not followed by a fresh wake-up",
    invariant: "W2",
    why: "the run waits for the sweeper",
    file,
    find: "await ports.activations.send(writeMessage(fresh), settings.leaseMs);",
    replace: "",
    noticedIn: POISON,
  },
  {
    name: "a run stalls at its first dead letter",
    invariant: "code",
    why: "lease conflicts raise a message's count too: healthy runs stall",
    file,
    find: "return deaths < MAX_DEAD_ROUNDS ?",
    replace: "return deaths < 0 ?",
    noticedIn: POISON,
  },
  {
    name: "a run never stalls for its dead letters",
    invariant: "code",
    why: "a run that meets a fault each time is tried for ever",
    file,
    find: "return deaths < MAX_DEAD_ROUNDS ?",
    replace: "return deaths > 0 ?",
    noticedIn: POISON,
  },
  {
    name: "progress between two dead letters does not count",
    invariant: "code",
    why: "a run that moves on stalls",
    file,
    find: "wakeUp.lastFence === lastFence ? (wakeUp.deaths ?? 0) : 0",
    replace: "(wakeUp.deaths ?? 0)",
    noticedIn: [...POISON],
  },
  {
    name: "a dead step message fails a step that a handler is working on",
    invariant: "W2",
    why: "the step has failed for the workflow while its side effect succeeds",
    file,
    find: "if (!(await ports.store.journal.claimStep(claim)).ok) {",
    replace: "if ((await ports.store.journal.claimStep(claim)) === undefined) {",
    noticedIn: ["test/engine/step-handlers.test.ts"],
  },
];
