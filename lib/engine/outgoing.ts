// What a run tells the outside once it is in the journal: its published state and its events. The one place that does so,
// and it works from entries alone: who has them can send them, whoever appended them.
//
//   append ──► deliver ──► note, events ──► … ──► META: lastSeq vouches that all up to it was sent
//
// O1: Dying anywhere before `lastSeq` only means that the next activation sends the same again (J4): a note of the same order
// changes nothing, an event has the same id. So nothing is lost, and a listener drops doubles by the id.
import type { Checkpoint, Entry, EventEmitted, StatePublished } from "../ports/journal.ts";
import type { Run } from "../ports/run.ts";
import type { Engine } from "./engine.ts";
import { unpack } from "./payloads.ts";

/** The note that holds the latest published state. */
export const STATE_NOTE = "state";

interface Owed<E> {
  readonly seq: number;
  readonly entry: E;
}

export class Outgoing {
  readonly #engine: Engine;
  readonly #run: Run;
  /** Entries up to it have been sent, or are owed. */
  #upTo: number;
  #state: Owed<StatePublished> | undefined;
  #events: Owed<EventEmitted>[] = [];

  /** `run` as it was claimed. */
  constructor(engine: Engine, run: Run) {
    this.#engine = engine;
    this.#run = run;
    this.#upTo = run.lastSeq;
  }

  /** Entries that are in the journal from the position `first` on; those that came before are left out. */
  note(first: number, entries: readonly Entry[]): void {
    for (const [i, entry] of entries.entries()) {
      const seq = first + i;
      if (seq <= this.#upTo) continue;
      this.#upTo = seq;
      // Of several states only the last is ever seen.
      if (entry.type === "state.published") this.#state = { seq, entry };
      else if (entry.type === "event.emitted") this.#events.push({ seq, entry });
    }
  }

  /** What an earlier owner may not have sent. */
  noteAll(checkpoints: readonly Checkpoint[]): void {
    for (const { first, entries } of checkpoints) this.note(first, entries);
  }

  /** @throws what the ports throw; what was not sent is still owed */
  async send(): Promise<void> {
    if (this.#state !== undefined) {
      const { seq, entry } = this.#state;
      const note = { name: STATE_NOTE, order: seq, at: entry.at, value: entry.value };
      await this.#engine.ports.store.journal.putNote(this.#run.runId, note);
      this.#state = undefined;
    }
    if (this.#events.length === 0) return;
    const events = [];
    for (const owed of this.#events) events.push(await this.#event(owed));
    await this.#engine.ports.events.put(events);
    this.#events = [];
  }

  /** `send`, where there will be another chance: what runs in this activation is worth more than being told at once. */
  async trySend(): Promise<void> {
    try {
      await this.send();
    } catch (error) {
      const { log } = this.#engine.ports;
      log.warn("not sent yet", { run: this.#run.runId, error: String(error) });
    }
  }

  async #event({ seq, entry }: Owed<EventEmitted>) {
    const { runId, workflow } = this.#run;
    return {
      id: `${runId}/${seq}`,
      type: entry.event,
      source: entry.source,
      runId,
      workflow,
      at: entry.at,
      detail: await unpack(entry.value, this.#engine.ports.blobs),
    };
  }
}
