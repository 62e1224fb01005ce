// Transactions with writes of the author's: that count, that may be done only once, that are refused. How often each was
// done is judged by tx-rules.ts.
import { callKeyOf } from "../../lib/engine/call-key.ts";
import type { TransactionWrite } from "../../lib/ports/transaction.ts";
import { TransactionError } from "../../lib/sdk/errors.ts";
import type { Interpreter, Primitive } from "./primitive.ts";
import { ABSENT, COUNT_ONE, PRESENT } from "./tables.ts";

export const LEDGER = "ledger";
export const RECEIPTS = "receipts";

export interface TxNode {
  readonly kind: "tx";
  readonly name: string;
  readonly how: "counts" | "once" | "refused";
}

export const tx: Primitive<TxNode> = {
  draw: ({ chance, newName }) => ({
    kind: "tx",
    name: `tx ${newName()}`,
    how: chance.pick<TxNode["how"]>(["counts", "once", "once", "refused"]),
  }),
  run: async (node, at) => {
    try {
      await at.ctx.tx(node.name, writesOf(node, at));
      if (node.how === "refused") at.complain(`${node.name} was done`);
    } catch (error) {
      if (!(error instanceof TransactionError) || node.how !== "refused") throw error;
    }
    return "transacted";
  },
  expect: () => "transacted",
  longestMs: () => 20_000,
};

/** Of the items that a transaction writes. */
export function itemOf(runId: string, callKey: string): string {
  return `${runId} ${callKey}`;
}

/** An item of its own for each call of each run: what is written twice is seen. */
function writesOf({ name, how }: TxNode, { ctx, prefix, generation }: Interpreter): TransactionWrite[] {
  const id = itemOf(ctx.runId, callKeyOf(`${prefix}${name}`, generation));
  const count = {
    update: { table: LEDGER, key: { id }, update: COUNT_ONE, values: { ":one": 1 } },
  };
  const receipt = { put: { table: RECEIPTS, item: { id } } };
  if (how === "counts") return [count, receipt];
  if (how === "once") return [{ put: { ...receipt.put, condition: ABSENT } }, count];
  return [count, { check: { table: RECEIPTS, key: { id: `no ${id}` }, condition: PRESENT } }, receipt];
}
