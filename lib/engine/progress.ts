// Progress of a step: what an attempt's heartbeats say, kept for the next attempt. A note, not an entry: only the latest
// matters, and an attempt that dies right after it said something has said it nevertheless.
import type { Note } from "../ports/journal.ts";
import type { Progress } from "./attempt.ts";
import type { StepCall } from "./call.ts";
import { shortDigest } from "./digest.ts";
import type { Engine } from "./engine.ts";
import { pack, unpack } from "./payloads.ts";

/** Heartbeats of one attempt: its notes stand above those of the attempts before. */
const MAX_BEATS = 1_000_000;

/** `known`: the note as it was last read, if it was. */
export async function progressOf(
  engine: Engine,
  runId: string,
  call: StepCall,
  known: Note | undefined,
): Promise<Progress> {
  const { ports } = engine;
  const name = progressNote(call.id);
  const last = known === undefined ? undefined : await unpack(known.value, ports.blobs);
  let beats = 0;
  return {
    last,
    async save(value) {
      beats += 1;
      const order = call.state.attempt * MAX_BEATS + beats;
      const packed = await pack(value, runId, engine);
      await ports.store.journal.putNote(runId, { name, order, at: ports.clock.now(), value: packed });
    },
  };
}

export function progressNote(stepId: string): string {
  return `progress-${shortDigest(stepId)}`;
}
