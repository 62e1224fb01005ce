// One item of ours and the author's writes in one transaction: the one place that knows how DynamoDB refuses those.
//
// The first of the items is ours. When its condition fails, nothing else matters: what stands there decides, and a
// repetition finds its own mark. `token` lets the service itself know a repetition for ten minutes.
import {
  IdempotentParameterMismatchException,
  TransactionCanceledException,
  TransactionInProgressException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import type { TransactionWrite, WriteRefusal } from "../ports/transaction.ts";
import { fromAttributes, toAttributes } from "./attributes.ts";
import type { Item, Key, Table } from "./table.ts";

type Answer =
  | { readonly ok: true }
  | { readonly ok: false; readonly refused: readonly WriteRefusal[] }
  | { readonly ok: false; readonly busy: string }
  /** Our item's place is taken. */
  | { readonly ok: false; readonly standing: Item | undefined };

/** Codes of cancellation that say something of the moment, not of the writes. */
const PASSING = ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];

/** Puts `item` where none is, together with the author's writes. @throws when the tables cannot be reached, or are not there */
export async function writeTogether(
  table: Table,
  item: Item & Key,
  token: string,
  writes: readonly TransactionWrite[],
): Promise<Answer> {
  const ours = {
    Put: {
      TableName: table.name,
      Item: toAttributes(item),
      ConditionExpression: "attribute_not_exists(#pk)",
      ExpressionAttributeNames: { "#pk": "pk" },
      ReturnValuesOnConditionCheckFailure: "ALL_OLD" as const,
    },
  };
  const theirs = toRequest(table, writes);
  if ("refused" in theirs) return { ok: false, refused: [theirs.refused] };
  try {
    const request = { TransactItems: [ours, ...theirs.items], ClientRequestToken: token };
    await table.client.send(new TransactWriteItemsCommand(request));
    return { ok: true };
  } catch (error) {
    return answerOf(error);
  }
}

/** What cannot be said in DynamoDB's words is refused here: asking again would not help. */
function toRequest(
  table: Table,
  writes: readonly TransactionWrite[],
): { readonly items: readonly TransactWriteItem[] } | { readonly refused: WriteRefusal } {
  const items: TransactWriteItem[] = [];
  for (const [write, given] of writes.entries()) {
    const refused = (message: string) => ({ refused: { write, code: "ValidationError", message } });
    if (tableOf(given) === table.name) return refused("the table is Perdure's own");
    try {
      items.push(toItem(given));
    } catch (error) {
      return refused(error instanceof Error ? error.message : String(error));
    }
  }
  return { items };
}

function tableOf(write: TransactionWrite): string {
  if ("put" in write) return write.put.table;
  if ("update" in write) return write.update.table;
  return "delete" in write ? write.delete.table : write.check.table;
}

function toItem(write: TransactionWrite): TransactWriteItem {
  if ("put" in write) {
    const { item } = write.put;
    return { Put: { ...conditional(write.put), Item: toAttributes(item) } };
  }
  if ("update" in write) {
    const { key, update } = write.update;
    return { Update: { ...conditional(write.update), Key: toAttributes(key), UpdateExpression: update } };
  }
  if ("delete" in write) {
    return { Delete: { ...conditional(write.delete), Key: toAttributes(write.delete.key) } };
  }
  const { key, condition } = write.check;
  return {
    ConditionCheck: { ...conditional(write.check), Key: toAttributes(key), ConditionExpression: condition },
  };
}

interface Conditional {
  readonly table: string;
  readonly condition?: string;
  readonly names?: Readonly<Record<string, string>>;
  readonly values?: Item;
}

function conditional({ table, condition, names, values }: Conditional) {
  return {
    TableName: table,
    ...(condition === undefined ? {} : { ConditionExpression: condition }),
    ...(names === undefined ? {} : { ExpressionAttributeNames: { ...names } }),
    ...(values === undefined ? {} : { ExpressionAttributeValues: toAttributes(values) }),
  };
}

function answerOf(error: unknown): Answer {
  if (error instanceof TransactionInProgressException) return { ok: false, busy: error.message };
  // The request as a whole makes no sense, whoever asks and whenever: an expression that is none, an item named twice.
  if (error instanceof Error && error.name === "ValidationException")
    return { ok: false, refused: [{ code: "ValidationError", message: error.message }] };
  if (
    error instanceof IdempotentParameterMismatchException ||
    !(error instanceof TransactionCanceledException)
  )
    throw error;
  const [ours, ...theirs] = error.CancellationReasons ?? [];
  if (ours?.Code === "ConditionalCheckFailed")
    return { ok: false, standing: ours.Item === undefined ? undefined : fromAttributes(ours.Item) };
  const refused = theirs.flatMap(({ Code: code = "None", Message: message = code }, write) =>
    code === "None" || PASSING.includes(code) ? [] : [{ write, code, message }],
  );
  if (refused.length > 0) return { ok: false, refused };
  return { ok: false, busy: error.message };
}
