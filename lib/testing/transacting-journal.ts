// A journal in memory beside which there are tables: a function of the test stands in for them. It and the append happen in
// one go, as nothing else runs between them, so that `ctx.tx` is both or neither here, too.
import { MemoryJournal } from "../local/memory-journal.ts";
import type { Checkpoint } from "../ports/journal.ts";
import type { TransactionAnswer } from "../ports/store.ts";
import type { TransactionWrite, WriteRefusal } from "../ports/transaction.ts";
import { PerdureError } from "../sdk/errors.ts";

/** Does all the writes, or none and says why. */
export type Transact = (writes: readonly TransactionWrite[]) => readonly WriteRefusal[] | undefined;

export class TransactingJournal extends MemoryJournal {
  readonly #transact: Transact;

  constructor(transact: Transact) {
    super();
    this.#transact = transact;
  }

  async appendWith(
    runId: string,
    checkpoint: Checkpoint,
    writes: readonly TransactionWrite[],
  ): Promise<TransactionAnswer> {
    if (this.standing(runId, checkpoint.first) === undefined) {
      const refused: unknown = this.#transact(structuredClone(writes));
      if (refused !== undefined && !Array.isArray(refused)) {
        const what = "transact must return a list of refusals or nothing, at once: not a promise.";
        throw new PerdureError("E_BAD_OPTION", what);
      }
      if (refused !== undefined && refused.length > 0)
        return { ok: false, refused: refused as readonly WriteRefusal[] };
    }
    return await this.append(runId, checkpoint);
  }
}
