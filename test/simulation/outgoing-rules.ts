// What the outside is told is told after its entry, and before META vouches for it (docs/design/protocol.md: O1): a state
// is one that was recorded, never an older one after a newer one, and in the end the last; every event reaches the bus, the
// same each time; META shows the attributes that were set.
import { isDeepStrictEqual } from "node:util";
import { STATE_NOTE } from "../../lib/engine/outgoing.ts";
import type { OutgoingEvent } from "../../lib/ports/events.ts";
import type { Note } from "../../lib/ports/journal.ts";
import type { Attributes, Run } from "../../lib/ports/run.ts";
import type { JournalBook } from "./journal-book.ts";
import type { Handlers } from "./seen-call.ts";
import type { Sight } from "./sights.ts";

export class OutgoingRules {
  readonly #complain: (what: string) => void;
  readonly #saw: (what: Sight) => void;
  readonly #book: JournalBook;
  readonly #sent = new Map<string, OutgoingEvent>();
  /** Highest order of a state that was put, and that somebody has read, by run. */
  readonly #put = new Map<string, number>();
  readonly #read = new Map<string, number>();
  /** All up to it has been found to be told, by run. */
  readonly #checkedUpTo = new Map<string, number>();
  /** Position of the last entry that was there before the run. */
  readonly #begunAt = new Map<string, number>();
  /** The attributes that were set up to a position, by run. */
  readonly #attributes = new Map<string, { upTo: number; readonly all: Map<string, Attributes[string]> }>();

  constructor(book: JournalBook, complain: (what: string) => void, saw: (what: Sight) => void) {
    this.#book = book;
    this.#complain = complain;
    this.#saw = saw;
  }

  readonly handlers: Handlers = {
    "runs.create": ({ args: [{ runId, attributes = {}, lastSeq }], answer }) => {
      if (!answer.created) return;
      this.#attributes.set(runId, { upTo: lastSeq, all: new Map(Object.entries(attributes)) });
      // What it has taken over from another run was that one's to tell.
      this.#checkedUpTo.set(runId, lastSeq);
      this.#begunAt.set(runId, lastSeq);
    },
    "journal.putNote": ({ args: [runId, note] }) => {
      if (note.name !== STATE_NOTE) return;
      this.#checkState(runId, note, "put");
      this.#put.set(runId, Math.max(note.order, this.#put.get(runId) ?? 0));
      this.#saw("states published");
    },
    "journal.note": ({ args: [runId, name], answer }) => {
      if (name !== STATE_NOTE) return;
      const last = this.#read.get(runId) ?? 0;
      if (answer === undefined) {
        if (last > 0) this.#complain(`${runId}: its state is gone`);
        return;
      }
      this.#checkState(runId, answer, "read");
      if (answer.order < last)
        this.#complain(`${runId}: its state went back from ${last} to ${answer.order}`);
      this.#read.set(runId, answer.order);
      this.#saw("states read");
    },
    "events.put": ({ args: [events] }) => {
      for (const event of events) this.#checkEvent(event);
    },
    "runs.suspend": ({ args: [{ runId, lastSeq, attributes }], answer, before }) => {
      if (!answer.ok) return;
      this.#checkTold(runId, lastSeq);
      this.#checkAttributes(runId, lastSeq, attributes ?? before?.attributes);
    },
    "runs.close": ({ args: [{ runId, lastSeq, attributes }], answer, before }) => {
      if (!answer.ok) return;
      this.#checkTold(runId, lastSeq);
      this.#checkAttributes(runId, lastSeq, attributes ?? before?.attributes);
    },
  };

  /** When all is over: what a reader would see, and what the bus was given. */
  judge({ runId, attributes }: Run, state: Note | undefined, bus: ReadonlySet<string>): void {
    const journal = this.#book.of(runId);
    for (const { seq, entry } of journal)
      if (
        entry.type === "event.emitted" &&
        seq > (this.#begunAt.get(runId) ?? 0) &&
        !bus.has(`${runId}/${seq}`)
      )
        this.#complain(`event ${runId}/${seq} never reached the bus`);
    this.#checkTold(runId, journal.length);
    this.#checkAttributes(runId, journal.length, attributes);
    const last = journal.findLast(({ entry }) => entry.type === "state.published");
    if (last?.seq !== state?.order)
      this.#complain(`${runId}: it shows state ${state?.order} and published ${last?.seq} last`);
  }

  #checkState(runId: string, { order, value, at }: Note, how: "put" | "read"): void {
    const entry = this.#book.of(runId)[order - 1]?.entry;
    const isRecorded =
      entry?.type === "state.published" && entry.at === at && isDeepStrictEqual(entry.value, value);
    if (!isRecorded) this.#complain(`${runId}: a state was ${how} that is not in its journal at ${order}`);
  }

  #checkEvent(event: OutgoingEvent): void {
    const { id, runId, type, source, at } = event;
    const entry = this.#book.of(runId)[Number(id.slice(runId.length + 1)) - 1]?.entry;
    const isRecorded =
      id.startsWith(`${runId}/`) &&
      entry?.type === "event.emitted" &&
      entry.event === type &&
      entry.source === source &&
      entry.at === at;
    if (!isRecorded) this.#complain(`event ${id} was sent and is not in its journal`);
    const before = this.#sent.get(id);
    this.#saw(before === undefined ? "events sent" : "events sent again");
    if (before !== undefined && !isDeepStrictEqual(before, event))
      this.#complain(`event ${id} was sent again as another`);
    this.#sent.set(id, event);
  }

  /** O1: META vouches for all up to `lastSeq`. */
  #checkTold(runId: string, lastSeq: number): void {
    const from = this.#checkedUpTo.get(runId) ?? 0;
    for (const { seq, entry } of this.#book.of(runId).slice(from, lastSeq)) {
      if (entry.type === "event.emitted" && !this.#sent.has(`${runId}/${seq}`))
        this.#complain(`O1: ${runId} was left and its event ${seq} had not reached the bus`);
      if (entry.type === "state.published" && (this.#put.get(runId) ?? 0) < seq)
        this.#complain(`O1: ${runId} was left and its state ${seq} had not been put`);
    }
    this.#checkedUpTo.set(runId, Math.max(from, lastSeq));
  }

  #checkAttributes(runId: string, lastSeq: number, shown: Attributes = {}): void {
    const known = this.#attributes.get(runId);
    // Somebody who was suspended before says so again.
    if (known === undefined || lastSeq < known.upTo) return;
    const { all } = known;
    for (const { entry } of this.#book.of(runId).slice(known.upTo, lastSeq)) {
      if (entry.type !== "attributes.set") continue;
      this.#saw("attributes set");
      for (const [name, value] of Object.entries(entry.attributes)) {
        if (value === null) all.delete(name);
        else all.set(name, value);
      }
    }
    known.upTo = lastSeq;
    if (!isDeepStrictEqual(Object.fromEntries(all), shown))
      this.#complain(`${runId} was left with the attributes ${JSON.stringify(shown)}`);
  }
}
