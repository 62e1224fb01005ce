// `ctx.waitForCallback` and `ctx.waitForApproval`. The end of a callback is one inbox fact, put if absent: by whoever
// completes it, or by the run when the time is up or nobody waits any more. Whoever is first decides, so that a late
// completion is told that it was late and never half accepted.
import { CallbackError, TimeoutError } from "../../sdk/errors.ts";
import type { CallbackCall } from "../call.ts";
import { dueAt, type Situation } from "../decision.ts";
import { shortDigest } from "../digest.ts";
import { unreachable } from "../unreachable.ts";
import type { Kind } from "./kind.ts";

export const callback: Kind<"callback"> = {
  apply(call, entry, delivered) {
    switch (entry.type) {
      case "callback.awaited":
        call.awaitedAt = entry.at;
        call.deadline = entry.deadline;
        break;
      case "callback.completed":
        delivered.resolve(call, delivered.value);
        break;
      case "callback.failed":
        delivered.reject(call, new CallbackError(call.id, delivered.value));
        break;
      case "callback.timed_out": {
        const what = entry.silent ? "sent no heartbeat in time" : "was not completed in time";
        delivered.reject(
          call,
          new TimeoutError(`callback "${call.id}" of run ${delivered.run.runId} ${what}`),
        );
        break;
      }
      case "callback.withdrawn":
        break;
      default:
        unreachable(entry);
    }
  },

  applyWithdrawn(call, entry) {
    if (entry.type !== "callback.awaited") call.isSettledOutside = true;
  },

  decide(call, situation, decision) {
    const { now, inbox } = situation;
    const fact = inbox.fact("callback", callbackFactKey(call.key));
    if (fact !== undefined) {
      decision.callbacksEnded.push({ call, fact });
      return;
    }
    const hasLimit = call.timeoutMs !== undefined || call.heartbeatTimeoutMs !== undefined;
    if (hasLimit && call.awaitedAt === undefined) {
      const deadline = call.timeoutMs === undefined ? {} : { deadline: now + call.timeoutMs };
      decision.record.push({ type: "callback.awaited", id: call.id, ...deadline, at: now });
      return;
    }
    const silentAt = silenceEnds(call, situation);
    const until = Math.min(call.deadline ?? Number.POSITIVE_INFINITY, silentAt ?? Number.POSITIVE_INFINITY);
    if (until <= now) {
      decision.callbacksDue.push({ call, isSilent: silentAt === until });
      return;
    }
    if (until !== Number.POSITIVE_INFINITY) dueAt(decision, until);
    decision.waits.push({
      kind: "callback",
      id: call.id,
      ...(until === Number.POSITIVE_INFINITY ? {} : { until }),
    });
  },

  /** Whoever completes it now is to hear that nobody waits. */
  decideWithdrawn(call, { inbox }, decision) {
    if (call.isSettledOutside || inbox.fact("callback", callbackFactKey(call.key)) !== undefined) return;
    decision.withdrawCallbacks.push(call);
  },
};

/** When the next heartbeat must have come, epoch ms. */
function silenceEnds(call: CallbackCall, { inbox }: Situation): number | undefined {
  if (call.heartbeatTimeoutMs === undefined || call.awaitedAt === undefined) return undefined;
  const lastBeat = inbox.note(heartbeatNote(call.key))?.at ?? 0;
  return Math.max(call.awaitedAt, lastBeat) + call.heartbeatTimeoutMs;
}

export function callbackFactKey(key: string): string {
  return `callback-${shortDigest(key)}`;
}

export function heartbeatNote(key: string): string {
  return `heartbeat-${shortDigest(key)}`;
}
