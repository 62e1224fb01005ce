// `ctx.emit`: recorded at once; sent by outgoing.ts, as often as it takes.
import type { Kind } from "./kind.ts";

export const event: Kind<"event"> = {
  apply: (call, _, delivered) => delivered.resolve(call, undefined),
  decide: (call, _, decision) => decision.outgoing.push(call),
};
