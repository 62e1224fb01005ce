// What must hold at every write to a journal and at every start of a step's body (docs/design/protocol.md: J1, J2, C1,
// T1), whatever the faults. Sees only what was applied; decides nothing.
import { callKeyOf } from "../../lib/engine/call-key.ts";
import { type CallEntry, type Checkpoint, isTerminal } from "../../lib/ports/journal.ts";
import type { Handlers, SeenBy } from "./seen-call.ts";
import type { Attempt, SimProcess } from "./sim-process.ts";
import { earlyByMs } from "./timeliness.ts";

interface Memory {
  /** When it last loaded the journal. */
  loadedAt: number;
  /** A newer owner has written: it must write no more (J2). */
  isReplaced: boolean;
}

export class JournalRules {
  /** A body began after its outcome had been recorded by somebody else, which this process had not seen. */
  onZombieBody: () => void = () => {};
  /** How late a timer was noticed, for who wants to know. */
  onLate: (runId: string, startedAt: number, lateMs: number, what: string) => void = () => {};
  readonly #complain: (what: string) => void;
  readonly #memories = new Map<SimProcess, Memory>();
  readonly #checkpoints = new Map<string, Checkpoint[]>();
  /** When the outcome of an attempt was recorded: in the journal, or as a fact. */
  readonly #recordedAt = new Map<string, number>();
  /** Attempts of at-most-once steps. */
  readonly #begunOnce = new Set<string>();
  readonly #facts = new Map<string, number>();
  readonly #ofCall = new Map<string, CallEntry[]>();
  /** Entries of another run that this one has begun with. */
  readonly #takenOver = new WeakSet<CallEntry>();
  readonly #generations = new Map<string, number>();

  constructor(complain: (what: string) => void) {
    this.#complain = complain;
  }

  readonly handlers: Handlers = {
    "journal.load": ({ process, at }) => {
      this.#memoryOf(process).loadedAt = at;
    },
    "journal.append": (seen) => this.#appended(seen),
    "journal.putFact": ({ args: [runId, fact], answer, at }) => {
      if (answer.stored && fact.kind === "step") this.#facts.set(`${runId} ${fact.seq}`, at);
    },
    "runs.suspend": ({ process }) => this.#mayWrite(process, "suspended"),
    "runs.close": ({ process }) => this.#mayWrite(process, "closed META"),
  };

  /** A step's body begins in this process. */
  bodyBegins(process: SimProcess, attempted: Attempt): void {
    const { runId, id, attempt, on, isOnce, isLate, generation = 1 } = attempted;
    const begun = `${runId} ${callKeyOf(id, generation)} ${attempt}`;
    if (isOnce === true && this.#begunOnce.has(begun))
      this.#complain(`${runId}: attempt ${attempt} of step ${id} began again, and may begin once`);
    if (isOnce === true) this.#begunOnce.add(begun);
    const { loadedAt } = this.#memoryOf(process);
    const recordedAt = on ? this.#facts.get(`${runId} ${seqOf(process.body)}`) : this.#recordedAt.get(begun);
    if (recordedAt === undefined) return;
    if (recordedAt > loadedAt || isLate === true) this.onZombieBody();
    else
      this.#complain(`${runId}: attempt ${attempt} of step ${id} ran again after its outcome was recorded`);
  }

  #appended({ process, args: [runId, checkpoint], answer, at }: SeenBy<"journal.append">): void {
    this.#mayWrite(process, "appended");
    if (!answer.ok) {
      if (answer.existing.fence > checkpoint.fence) this.#memoryOf(process).isReplaced = true;
      return;
    }
    const before = this.#checkpoints.get(runId) ?? [];
    const last = before.at(-1);
    if (before.some(({ mark }) => mark === checkpoint.mark)) return;
    if (checkpoint.first !== (last === undefined ? 1 : last.first + last.entries.length))
      this.#complain(`J1: ${runId} has a checkpoint at ${checkpoint.first} that is not the next slot`);
    if (last !== undefined && last.fence > checkpoint.fence)
      this.#complain(`J1: ${runId} has fence ${checkpoint.fence} after fence ${last.fence}`);
    if (last?.entries.some(isTerminal) === true) this.#complain(`C1: ${runId} has entries after its end`);
    for (const [i, entry] of checkpoint.entries.entries()) {
      if (!isTerminal(entry)) {
        if ("id" in entry) this.#recorded(runId, entry, at, checkpoint.fence > 0);
        if (entry.type === "run.continued") this.#generations.set(runId, entry.generation);
      } else if (i !== checkpoint.entries.length - 1)
        this.#complain(`C1: ${runId} has entries after its end`);
    }
    this.#checkpoints.set(runId, [...before, checkpoint]);
  }

  /** `isNew`: not taken over from another run. */
  #recorded(runId: string, entry: CallEntry, at: number, isNew: boolean): void {
    const call = `${runId} ${callKeyOf(entry.id, this.#generations.get(runId) ?? 1)}`;
    const earlier = this.#ofCall.get(call) ?? [];
    this.#ofCall.set(call, [...earlier, entry]);
    const earlyMs = isNew ? earlyByMs(entry, earlier) : undefined;
    if (earlyMs !== undefined && earlyMs > spareMsOf(entry))
      this.#complain(`T1: ${runId}: ${entry.type} of ${entry.id} came early`);
    if (!isNew) this.#takenOver.add(entry);
    const last = earlier.at(-1);
    // A wait that another run began goes on when this one is made.
    const startedAt = last === undefined || this.#takenOver.has(last) ? undefined : last.at;
    if (earlyMs !== undefined && startedAt !== undefined)
      // It may have been asked to end at a time that had passed.
      this.onLate(runId, startedAt, Math.min(-earlyMs, entry.at - startedAt), `${entry.type} of ${entry.id}`);
    if (!OUTCOMES.has(entry.type) || !("attempt" in entry)) return;
    const attempt = `${call} ${entry.attempt}`;
    if (this.#recordedAt.has(attempt))
      this.#complain(`${runId}: ${entry.id} has two outcomes of one attempt`);
    this.#recordedAt.set(attempt, at);
  }

  #mayWrite(process: SimProcess, what: string): void {
    if (this.#memoryOf(process).isReplaced)
      this.#complain(`J2: process ${process.id} ${what} after it was replaced`);
  }

  #memoryOf(process: SimProcess): Memory {
    const known = this.#memories.get(process);
    if (known !== undefined) return known;
    const memory = { loadedAt: 0, isReplaced: false };
    this.#memories.set(process, memory);
    return memory;
  }
}

/** The end of a callback is made by one process and may be recorded by another, whose clock is behind. */
function spareMsOf({ type }: CallEntry): number {
  return type === "callback.timed_out" ? 10_000 : 0;
}

const OUTCOMES: ReadonlySet<string> = new Set([
  "step.succeeded",
  "step.failed",
  "step.timed_out",
  "step.retrying",
  "step.polled",
]);

/** The position of the dispatch that a step handler's message is about. */
function seqOf(body: string): number | undefined {
  const message: unknown = body === "" ? undefined : JSON.parse(body);
  return typeof message === "object" && message !== null && "seq" in message
    ? Number(message.seq)
    : undefined;
}
