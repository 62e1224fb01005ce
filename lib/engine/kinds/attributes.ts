// `ctx.setAttributes`: recorded at once, or refused when the run would have too many; META follows when the run is left
// (attributes.ts). The refusal is recorded, because what META shows is not the same on a replay.
import { unreachable } from "../unreachable.ts";
import type { Kind } from "./kind.ts";

export const attributes: Kind<"attributes"> = {
  apply(call, entry, delivered) {
    switch (entry.type) {
      case "attributes.set":
        delivered.resolve(call, undefined);
        break;
      case "attributes.refused":
        delivered.reject(call, delivered.value);
        break;
      default:
        unreachable(entry);
    }
  },

  decide: (call, _, decision) => decision.outgoing.push(call),
};
