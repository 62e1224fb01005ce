// X1: the entry `tx.committed` is there exactly when the author's writes are, each once; looked at whenever either may have
// come.
import { callKeyOf } from "../../lib/engine/call-key.ts";
import type { JournalBook } from "./journal-book.ts";
import type { Handlers } from "./seen-call.ts";
import type { Sight } from "./sights.ts";
import { keyOf, type Tables } from "./tables.ts";
import { itemOf, LEDGER, RECEIPTS } from "./tx-primitive.ts";

export class TxRules {
  readonly #complain: (what: string) => void;
  readonly #saw: (what: Sight) => void;
  readonly #book: JournalBook;
  readonly #tables: Tables;
  /** Items that somebody has asked to write, with the run they are of. */
  readonly #asked = new Map<string, string>();
  /** Of these, what may have changed. */
  readonly #touched = new Set<string>();
  readonly #done = new Set<string>();

  constructor(
    book: JournalBook,
    tables: Tables,
    complain: (what: string) => void,
    saw: (what: Sight) => void,
  ) {
    this.#book = book;
    this.#tables = tables;
    this.#complain = complain;
    this.#saw = saw;
  }

  readonly handlers: Handlers = {
    "journal.appendWith": ({ args: [runId, checkpoint, writes], answer }) => {
      for (const write of writes) {
        const key = keyOf(write);
        const item = key.slice(key.indexOf(" ") + 1);
        this.#asked.set(item, runId);
        this.#touched.add(item);
      }
      if (answer.ok) this.#saw(this.#done.has(checkpoint.mark) ? "transactions found done" : "transactions");
      if (answer.ok) this.#done.add(checkpoint.mark);
      else if ("refused" in answer) this.#saw("transactions refused");
      else if ("existing" in answer) this.#saw("transactions whose slot was taken");
    },
  };

  /** Nothing is under way. */
  rest(): void {
    for (const item of this.#touched) this.#check(item, this.#asked.get(item) ?? "");
    this.#touched.clear();
  }

  /** When all is over. */
  judge(): void {
    for (const [item, runId] of this.#asked) this.#check(item, runId);
  }

  #check(item: string, runId: string): void {
    const committed = this.#book
      .of(runId)
      .filter(
        ({ entry, generation }) =>
          entry.type === "tx.committed" && itemOf(runId, callKeyOf(entry.id, generation)) === item,
      ).length;
    for (const table of [LEDGER, RECEIPTS]) {
      const count = this.#tables.count(table, item);
      if (count !== committed || count > 1)
        this.#complain(`X1: ${item} was written ${count} times to ${table} and committed ${committed} times`);
    }
  }
}
