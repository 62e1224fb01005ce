// Tables of the author's, beside the journals: what `ctx.tx` writes to. Knows the few writes and conditions that the
// vocabulary makes (tx-primitive.ts), and does all of a list or nothing.
import type { TransactionWrite, WriteRefusal } from "../../lib/ports/transaction.ts";

export const ABSENT = "attribute_not_exists(id)";
export const PRESENT = "attribute_exists(id)";
export const COUNT_ONE = "ADD times :one";

/** How often an item was written. */
export class Tables {
  readonly #counts = new Map<string, number>();

  transact = (writes: readonly TransactionWrite[]): readonly WriteRefusal[] | undefined => {
    const refused = writes.flatMap((write, i) =>
      this.#holds(write) ? [] : [{ write: i, code: "ConditionalCheckFailed", message: "simulated" }],
    );
    if (refused.length > 0) return refused;
    for (const write of writes) {
      if ("check" in write) continue;
      const key = keyOf(write);
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    }
    return undefined;
  };

  /** How often the item was written. */
  count(table: string, id: string): number {
    return this.#counts.get(`${table} ${id}`) ?? 0;
  }

  #holds(write: TransactionWrite): boolean {
    const { condition } = "put" in write ? write.put : "update" in write ? write.update : conditional(write);
    if (condition === undefined) return true;
    const isThere = this.#counts.has(keyOf(write));
    if (condition === ABSENT) return !isThere;
    if (condition === PRESENT) return isThere;
    throw new Error(`the simulated tables do not know the condition ${condition}`);
  }
}

function conditional(write: TransactionWrite): { readonly condition?: string } {
  return "check" in write ? write.check : "delete" in write ? write.delete : {};
}

/** Of the item that a write is about. */
export function keyOf(write: TransactionWrite): string {
  if ("put" in write) return `${write.put.table} ${String(write.put.item["id"])}`;
  const { table, key } = "update" in write ? write.update : "check" in write ? write.check : write.delete;
  return `${table} ${String(key["id"])}`;
}
