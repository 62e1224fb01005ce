// `ctx.runChild` and `ctx.startChild`. A child's run id follows from its parent and the call, so starting it twice starts
// it once (J4).
//
//   child.started ──► start run ──► … child closes: fact in the parent's inbox, wake ──► child.succeeded | child.failed
//
// A child whose parent no longer wants it is asked to end, when its policy says so.
import { ChildRunError } from "../../sdk/errors.ts";
import { shortDigest } from "../digest.ts";
import { unreachable } from "../unreachable.ts";
import type { Kind } from "./kind.ts";

export const child: Kind<"child"> = {
  apply(call, entry, delivered) {
    switch (entry.type) {
      case "child.started":
        call.startedAt = entry.at;
        call.onStarted?.({ runId: entry.runId });
        if (!call.isAwaited) delivered.resolve(call, undefined);
        break;
      case "child.succeeded":
        delivered.resolve(call, delivered.value);
        break;
      case "child.failed": {
        const status = entry.status === undefined || entry.status === "succeeded" ? "failed" : entry.status;
        const error = new ChildRunError(call.id, call.runId, status, delivered.value);
        call.onRefused?.(error);
        delivered.reject(call, error);
        break;
      }
      case "child.cancelled":
        if (call.endsFor !== undefined) delivered.resolve(call, undefined);
        break;
      default:
        unreachable(entry);
    }
  },

  applyWithdrawn(call, entry) {
    if (entry.type === "child.started") call.startedAt = entry.at;
    else call.isSettledOutside = true;
  },

  decide(call, { inbox }, decision) {
    if (call.endsFor !== undefined) {
      decision.cancelChildren.push(call);
      return;
    }
    if (call.startedAt === undefined) {
      decision.startChildren.push(call);
      return;
    }
    const fact = inbox.fact("child", childFactKey(call.key));
    if (fact !== undefined) decision.childrenEnded.push({ call, fact });
    else decision.waits.push({ kind: "child", id: call.id });
  },

  decideWithdrawn(call, _, decision) {
    const isWanted = call.startedAt === undefined || call.onParentClose !== "cancel";
    if (!isWanted && !call.isSettledOutside) decision.cancelChildren.push(call);
  },
};

export function childRunIdOf(parentRunId: string, key: string): string {
  return `run_${shortDigest(JSON.stringify(["child", parentRunId, key]))}`;
}

/** Where a child's end is stored in its parent's inbox. */
export function childFactKey(key: string): string {
  return `child-${shortDigest(key)}`;
}
