// `ctx.tx` done: the author's writes and `tx.committed` in one transaction of the table (X1).
//
//   TransactWriteItems { J#next if absent, writes } ──► both are there: `tx.committed`
//                                                  ──► a write was refused, nothing is there: `tx.refused`, appended alone
//                                                  ──► the slot is taken: as with every append (J1, J2)
//
// A crash on either side needs no care: without an answer the next owner finds the entry, and with it the writes, or
// neither. The two entries bear different marks, so that a refusal can never take a commit whose answer was lost for its
// own.
import { MAX_TRANSACTION_TRIES } from "../limits.ts";
import type { CallEntry } from "../ports/journal.ts";
import { PerdureError, TransactionError } from "../sdk/errors.ts";
import type { CallOf } from "./call.ts";
import type { Engine } from "./engine.ts";
import type { JournalWriter } from "./journal-writer.ts";
import { packFailure } from "./payloads.ts";

const FIRST_PAUSE_MS = 50;

/** An entry at its position in the journal. */
export interface Recorded {
  readonly first: number;
  readonly entry: CallEntry;
}

/** @throws LeaseLost, Overtaken, and an error when the tables stay busy: the activation is then tried again later */
export async function commit(
  engine: Engine,
  runId: string,
  call: CallOf<"tx">,
  writer: JournalWriter,
): Promise<Recorded> {
  const { ports } = engine;
  const { clock, random } = ports;
  const refuse = async (error: Error): Promise<Recorded> => {
    const failure = await packFailure(error, runId, engine);
    const entry: CallEntry = { type: "tx.refused", id: call.id, failure, at: clock.now() };
    return { first: await writer.append([entry]), entry };
  };
  if (ports.store.journal.appendWith === undefined) return await refuse(unsupported(call));

  // The same to the letter at every try: the table knows a repetition by it.
  const entry: CallEntry = { type: "tx.committed", id: call.id, at: clock.now() };
  let busy = "";
  for (let tries = 0; tries < MAX_TRANSACTION_TRIES; tries += 1) {
    if (tries > 0) await clock.sleep(FIRST_PAUSE_MS * 2 ** (tries - 1) * (0.5 + random.next()));
    const answer = await writer.appendWith(entry, call.writes);
    if ("refused" in answer) return await refuse(new TransactionError(call.id, answer.refused));
    if ("first" in answer) return { first: answer.first, entry };
    busy = answer.busy;
  }
  throw new Error(`transaction "${call.id}" was not done at ${MAX_TRANSACTION_TRIES} tries: ${busy}`);
}

function unsupported({ id }: CallOf<"tx">): PerdureError {
  const what = `Transaction "${id}" needs a run whose journal is in DynamoDB, beside the tables it writes to; this journal is not.`;
  return new PerdureError("E_TX_UNSUPPORTED", what);
}
