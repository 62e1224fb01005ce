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

/** `notes`: as they were last read, by name; what is said now is added, for the next attempt of the same process. */
export async function progressOf(
  engine: Engine,
  runId: string,
  call: StepCall,
  notes: Map<string, Note>,
): Promise<Progress> {
  const { ports } = engine;
  const name = progressNote(call.key);
  const known = notes.get(name);
  const last = known === undefined ? undefined : await unpack(known.value, ports.blobs);
  // The same attempt may have spoken before, in a process that died.
  const from = Math.max(known?.order ?? 0, call.state.attempt * MAX_BEATS);
  let beats = 0;
  return {
    last,
    async save(value) {
      beats += 1;
      const order = from + beats;
      const packed = await pack(value, runId, engine);
      const note = { name, order, at: ports.clock.now(), value: packed };
      await ports.store.journal.putNote(runId, note);
      if ((notes.get(name)?.order ?? 0) < order) notes.set(name, note);
    },
  };
}

export function progressNote(key: string): string {
  return `progress-${shortDigest(key)}`;
}
