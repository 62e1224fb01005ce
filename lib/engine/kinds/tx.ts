// `ctx.tx`: the author's writes and the entry that says so in one transaction, a checkpoint of its own (commit.ts).
import { unreachable } from "../unreachable.ts";
import type { Kind } from "./kind.ts";

export const tx: Kind<"tx"> = {
  apply(call, entry, delivered) {
    switch (entry.type) {
      case "tx.committed":
        delivered.resolve(call, undefined);
        break;
      case "tx.refused":
        delivered.reject(call, delivered.value);
        break;
      default:
        unreachable(entry);
    }
  },

  decide: (call, _, decision) => decision.transactions.push(call),
};
