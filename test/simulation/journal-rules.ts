// What must hold at every write to a journal and at every start of a step's body (docs/design/protocol.md: J1, J2, C1,
// T1), whatever the faults. Sees only what was applied; decides nothing.
import { type CallEntry, type Checkpoint, type Entry, isTerminal } from "../../lib/ports/journal.ts";
import type { Handlers, SeenBy } from "./seen-call.ts";
import type { Attempt, SimProcess } from "./sim-process.ts";
import { isSoon } from "./timeliness.ts";

interface Memory {
  /** When it last loaded the journal. */
  loadedAt: number;
  /** A newer owner has written: it must write no more (J2). */
  isReplaced: boolean;
}

export class JournalRules {
  /** Bodies that began after their outcome had been recorded by somebody else, which this process had not seen. */
  zombieBodies = 0;
  adopted = 0;
  replaced = 0;
  readonly #complain: (what: string) => void;
  readonly #memories = new Map<SimProcess, Memory>();
  readonly #checkpoints = new Map<string, Checkpoint[]>();
  /** When the outcome of an attempt was recorded: in the journal, or as a fact. */
  readonly #recordedAt = new Map<string, number>();
  readonly #facts = new Map<string, number>();

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
  bodyBegins(process: SimProcess, { runId, id, attempt, on }: Attempt): void {
    const { loadedAt } = this.#memoryOf(process);
    const recordedAt = on
      ? this.#facts.get(`${runId} ${seqOf(process.body)}`)
      : this.#recordedAt.get(`${runId} ${id} ${attempt}`);
    if (recordedAt === undefined) return;
    if (recordedAt > loadedAt) this.zombieBodies += 1;
    else
      this.#complain(`${runId}: attempt ${attempt} of step ${id} ran again after its outcome was recorded`);
  }

  #appended({ process, args: [runId, checkpoint], answer, at }: SeenBy<"journal.append">): void {
    this.#mayWrite(process, "appended");
    if (!answer.ok) {
      if (answer.existing.fence > checkpoint.fence) {
        this.#memoryOf(process).isReplaced = true;
        this.replaced += 1;
      } else this.adopted += 1;
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
    for (const [i, entry] of checkpoint.entries.entries())
      this.#recorded(runId, before, checkpoint, entry, i, at);
    this.#checkpoints.set(runId, [...before, checkpoint]);
  }

  #recorded(
    runId: string,
    before: readonly Checkpoint[],
    { entries }: Checkpoint,
    entry: Entry,
    i: number,
    at: number,
  ): void {
    if (isTerminal(entry)) {
      if (i !== entries.length - 1) this.#complain(`C1: ${runId} has entries after its end`);
      return;
    }
    const earlier = [...before.flatMap((checkpoint) => checkpoint.entries), ...entries.slice(0, i)].filter(
      (other): other is CallEntry => !isTerminal(other),
    );
    if (isSoon(entry, earlier)) this.#complain(`T1: ${runId}: ${entry.type} of ${entry.id} came early`);
    if (!OUTCOMES.has(entry.type) || !("attempt" in entry)) return;
    const attempt = `${runId} ${entry.id} ${entry.attempt}`;
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

const OUTCOMES: ReadonlySet<string> = new Set(["step.succeeded", "step.failed", "step.retrying"]);

/** The position of the dispatch that a step handler's message is about. */
function seqOf(body: string): number | undefined {
  const message: unknown = body === "" ? undefined : JSON.parse(body);
  return typeof message === "object" && message !== null && "seq" in message
    ? Number(message.seq)
    : undefined;
}
