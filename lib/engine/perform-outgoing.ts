// What the code tells the outside, as entries: packed, with its blobs in place before the entry that points to them.
import type { CallEntry } from "../ports/journal.ts";
import { checkAttributesSize, withChange } from "./attributes.ts";
import type { AttributesCall, Call } from "./call.ts";
import type { OutgoingCall } from "./decision.ts";
import type { Engine } from "./engine.ts";
import type { Execution } from "./execution.ts";
import { packEncoded, packFailure } from "./payloads.ts";
import { unreachable } from "./unreachable.ts";

export function isOutgoing(call: Call): call is OutgoingCall {
  return call.kind === "state" || call.kind === "attributes" || call.kind === "event";
}

export async function performOutgoing(
  engine: Engine,
  { run, attributes }: Execution,
  calls: readonly OutgoingCall[],
): Promise<CallEntry[]> {
  const { clock } = engine.ports;
  const entries: CallEntry[] = [];
  let shown = attributes.all;
  for (const call of calls) {
    const of = { id: call.id, at: clock.now() };
    switch (call.kind) {
      case "state": {
        const value = await packEncoded(call.state, run.runId, engine);
        entries.push({ type: "state.published", ...of, value });
        break;
      }
      case "event": {
        const { event, source } = call;
        const value = await packEncoded(call.detail, run.runId, engine);
        entries.push({ type: "event.emitted", ...of, event, source, value });
        break;
      }
      case "attributes": {
        const refused = tooMany(call, shown);
        if (refused === undefined) {
          shown = withChange(shown, call.attributes);
          entries.push({ type: "attributes.set", ...of, attributes: call.attributes });
        } else {
          const failure = await packFailure(refused, run.runId, engine);
          entries.push({ type: "attributes.refused", ...of, failure });
        }
        break;
      }
      default:
        unreachable(call);
    }
  }
  return entries;
}

function tooMany(call: AttributesCall, shown: Execution["attributes"]["all"]): Error | undefined {
  try {
    checkAttributesSize("The attributes of the run", withChange(shown, call.attributes));
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
