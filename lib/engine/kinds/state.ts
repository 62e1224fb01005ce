// `ctx.publish`: recorded at once; shown to the outside by outgoing.ts.
import type { Kind } from "./kind.ts";

export const state: Kind<"state"> = {
  apply: (call, _, delivered) => delivered.resolve(call, undefined),
  decide: (call, _, decision) => decision.outgoing.push(call),
};
