// The end of a turn of `ctx.loop`: open until the state of the next turn is recorded (turn-over.ts). A loop that replay
// finds folded has such a call from its beginning, and waits for the fold.
import type { Kind } from "./kind.ts";

export const loop: Kind<"loop"> = {
  apply(call, entry, delivered) {
    delivered.resolve(call, { turn: entry.turn, state: delivered.value });
  },

  decide(call, _, decision) {
    decision.turns.push(call);
  },
};
