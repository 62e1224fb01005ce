// `ctx.sleep` and `ctx.sleepUntil`. T1: `now` is the clock of whoever looks, so a message that comes early ends nothing.
import { dueAt } from "../decision.ts";
import type { Kind } from "./kind.ts";

export const sleep: Kind<"sleep"> = {
  apply(call, entry, delivered) {
    if (entry.type === "sleep.started") call.wakeAt = entry.wakeAt;
    else delivered.resolve(call, undefined);
  },

  decide(call, { now }, decision) {
    if (call.wakeAt === undefined) {
      const wakeAt = "ms" in call.span ? now + call.span.ms : call.span.until;
      decision.record.push({ type: "sleep.started", id: call.id, wakeAt, at: now });
    } else if (call.wakeAt <= now) {
      decision.record.push({ type: "sleep.finished", id: call.id, at: now });
    } else {
      dueAt(decision, call.wakeAt);
      decision.waits.push({ kind: "sleep", id: call.id, until: call.wakeAt });
    }
  },
};
