// `ctx.waitForSignal`: takes the oldest fact of its name. When a signal and the timeout are both there, the signal wins.
import { TimeoutError } from "../../sdk/errors.ts";
import { dueAt } from "../decision.ts";
import { unreachable } from "../unreachable.ts";
import type { Kind } from "./kind.ts";

export const signal: Kind<"signal"> = {
  apply(call, entry, delivered) {
    switch (entry.type) {
      case "signal.awaited":
        call.deadline = entry.deadline;
        break;
      case "signal.received":
        delivered.consume(entry.fact);
        delivered.resolve(call, delivered.value);
        break;
      case "signal.refused":
        delivered.consume(entry.fact);
        delivered.reject(call, delivered.value);
        break;
      case "signal.timed_out": {
        const what = `no signal "${entry.signal}" came in time for run ${delivered.run.runId}`;
        delivered.reject(call, new TimeoutError(what));
        break;
      }
      default:
        unreachable(entry);
    }
  },

  decide(call, { now, inbox, isFolded }, decision) {
    const fact = inbox.takeSignal(call.signal);
    const of = { id: call.id, signal: call.signal, at: now };
    if (fact !== undefined && (call.schema !== undefined || isFolded)) {
      decision.unchecked.push({ call, fact });
    } else if (fact !== undefined) {
      decision.record.push({ type: "signal.received", ...of, fact: fact.key, value: fact.value });
    } else if (call.timeoutMs === undefined && call.until === undefined) {
      decision.waits.push({ kind: "signal", id: call.id });
    } else if (call.deadline === undefined) {
      const deadline = call.until ?? now + (call.timeoutMs ?? 0);
      decision.record.push({ type: "signal.awaited", ...of, deadline });
    } else if (call.deadline <= now) {
      decision.record.push({ type: "signal.timed_out", ...of });
    } else {
      dueAt(decision, call.deadline);
      decision.waits.push({ kind: "signal", id: call.id, until: call.deadline });
    }
  },
};
