// What a run has published (`ctx.publish`), read without waking it.
import type { Payload } from "../ports/payload.ts";
import type { Engine } from "./engine.ts";
import { STATE_NOTE } from "./outgoing.ts";

export interface PublishedState {
  readonly value: Payload;
  /** When it was recorded, epoch ms. */
  readonly at: number;
}

/** The latest state; nothing when the run has published none, or does not exist. */
export async function readState({ ports }: Engine, runId: string): Promise<PublishedState | undefined> {
  const note = await ports.store.journal.note(runId, STATE_NOTE);
  return note === undefined ? undefined : { value: note.value, at: note.at };
}
