// Replay: the same code against its journal (lib/engine/execution.ts, calls.ts, replay.ts, context.ts).
import type { Area } from "../mutant.ts";

const execution = "lib/engine/execution.ts";
const DIVERGENCE = ["test/engine/divergence.test.ts"];

export const replay: Area = [
  {
    name: "an entry that no call waits for is passed over",
    invariant: "D1",
    why: "code that has changed goes on with another run's past",
    file: execution,
    find: "this.fault ??= this.#divergence(seq, entry);",
    replace: "",
    noticedIn: DIVERGENCE,
  },
  {
    name: "a call made outside of the code's turn is taken",
    invariant: "D1",
    why: "what the run does depends on when a foreign promise settles",
    file: execution,
    find: "return this.#inTurn && !isOver",
    replace: "return !isOver",
    also: [{ file: execution, find: "if (this.#inTurn) return;\n", replace: "return;\n" }],
    noticedIn: DIVERGENCE,
  },
  {
    name: "a fault outside of the code's turn rings no bell",
    invariant: "D1",
    why: "nobody looks for it while a long step runs",
    file: execution,
    find: "    this.onFault();\n",
    replace: "",
    noticedIn: [...DIVERGENCE],
  },
  {
    name: "repeated names get no number",
    invariant: "D1",
    why: "two steps share one identity and one result",
    file: "lib/engine/calls.ts",
    find: "const occurrence = (this.#counts.get(key) ?? 0) + 1;",
    replace: "const occurrence = 1;",
    noticedIn: ["test/engine/steps.test.ts"],
  },
  {
    name: "a name whose number depends on timing is allowed",
    invariant: "D1",
    why: "after a replay two steps have each other's results",
    file: "lib/engine/calls.ts",
    find: "if (oldest !== undefined && oldest.turn !== turn) {",
    replace: "if (oldest !== undefined && oldest.turn < 0) {",
    noticedIn: ["test/engine/steps.test.ts"],
  },
  {
    name: "the code's clock runs backwards with the clocks of its owners",
    invariant: "code",
    why: "ctx.now() is earlier than it was a line before",
    file: execution,
    find: "this.now = Math.max(this.now, at);",
    replace: "this.now = at;",
    noticedIn: ["test/engine/replayed-clock.test.ts"],
  },
  {
    name: "the code's clock stands still",
    invariant: "code",
    why: "ctx.now() says when the run was started, for months",
    file: execution,
    find: "this.now = Math.max(this.now, at);",
    replace: "",
    noticedIn: ["test/engine/sleeps.test.ts"],
  },
  {
    name: "a replay logs everything again",
    invariant: "code",
    why: "the log shows a line for each activation instead of one",
    file: "lib/engine/replay.ts",
    find: "execution.live = rest.length === 0;",
    replace: "execution.live = true;",
    noticedIn: ["test/engine/bounds.test.ts"],
  },
];
