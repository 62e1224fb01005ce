// The three conditional writes that everything in the table is made of, and the one place that knows how DynamoDB says no.
// A refused condition is an answer and carries the item that stands; every other error passes through.
//
// The SDK repeats a request whose answer it did not get, so a write may be applied and then refused by its own effect.
// Each caller must say how it recognises that. There are three ways, and every write of this room uses one of them:
//   repeatable   applying it twice is the same as once (renew, stall, postpone), or harmless (raise)
//   fence        the standing item names the writer: only the holder of a fence suspends or closes with it
//   mark         a random text, new for each call, written along and compared on refusal
import { randomBytes } from "node:crypto";
import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { fromAttributes, toAttributes } from "./attributes.ts";
import type { Item, Key, Table } from "./table.ts";

/** `standing` is what made the condition fail; nothing when no item is there. */
export type Refused = { readonly applied: false; readonly standing: Item | undefined };

export interface Change {
  /** Attributes and their new values; `undefined` takes the attribute away. */
  readonly set: Item;
  /** Attributes that get the value another one had before this update. */
  readonly copy?: Readonly<Record<string, string>>;
  /** Added to a number, or put into a set; an attribute that is not there counts as 0, or as empty. */
  readonly add?: Readonly<Record<string, number | ReadonlySet<string>>>;
  /** Taken out of a set; one that is empty is no more there. */
  readonly drop?: Readonly<Record<string, ReadonlySet<string>>>;
  /** Condition expression: attributes as `#name`, values of `given` as `:name`. */
  readonly when: string;
  readonly given?: Item;
}

const ABSENT = "attribute_not_exists(#pk)";

/** Puts an item where none is. */
export async function putIfAbsent(
  table: Table,
  item: Item & Key,
): Promise<{ readonly applied: true } | Refused> {
  try {
    await table.client.send(
      new PutItemCommand({
        TableName: table.name,
        Item: toAttributes(item),
        ConditionExpression: ABSENT,
        ExpressionAttributeNames: namesIn(ABSENT),
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      }),
    );
    return { applied: true };
  } catch (error) {
    return refusal(error);
  }
}

/** Changes an item when a condition holds, and answers with all of it afterwards. */
export async function update(
  table: Table,
  key: Key,
  change: Change,
): Promise<{ readonly applied: true; readonly item: Item } | Refused> {
  const { expression, values } = updateExpression(change);
  try {
    const { Attributes } = await table.client.send(
      new UpdateItemCommand({
        TableName: table.name,
        Key: toAttributes({ ...key }),
        UpdateExpression: expression,
        ConditionExpression: change.when,
        ExpressionAttributeNames: namesIn(`${expression} ${change.when}`),
        ExpressionAttributeValues: toAttributes({ ...withColons(change.given ?? {}), ...values }),
        ReturnValues: "ALL_NEW",
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      }),
    );
    return { applied: true, item: fromAttributes(Attributes ?? {}) };
  } catch (error) {
    return refusal(error);
  }
}

/** Deletes an item when a condition holds. */
export async function deleteWhen(table: Table, key: Key, when: string, given?: Item): Promise<boolean> {
  try {
    await table.client.send(
      new DeleteItemCommand({
        TableName: table.name,
        Key: toAttributes({ ...key }),
        ConditionExpression: when,
        ExpressionAttributeNames: namesIn(when),
        ...(given === undefined ? {} : { ExpressionAttributeValues: toAttributes(withColons(given)) }),
      }),
    );
    return true;
  } catch (error) {
    return refusal(error).applied;
  }
}

/** Deletes an item, whether it is there or not. Repeatable. */
export async function remove(table: Table, key: Key): Promise<void> {
  await table.client.send(new DeleteItemCommand({ TableName: table.name, Key: toAttributes({ ...key }) }));
}

/** A new mark: long enough that two writes that meet in one item never share it. */
export function newMark(): string {
  return randomBytes(9).toString("base64url");
}

/** `#name` stands for the attribute `name`: with that, no reserved word needs to be known. */
function namesIn(expression: string): Record<string, string> {
  return Object.fromEntries(
    Array.from(expression.matchAll(/#(\w+)/g), ([token, name = ""]) => [token, name]),
  );
}

function updateExpression({ set, copy = {}, add = {}, drop = {} }: Change): {
  readonly expression: string;
  readonly values: Item;
} {
  const kept = Object.entries(set).filter(([, value]) => value !== undefined);
  const gone = Object.keys(set).filter((name) => set[name] === undefined);
  const clauses = [
    [
      "SET",
      [
        ...kept.map(([name]) => `#${name} = :set_${name}`),
        ...Object.entries(copy).map(([name, from]) => `#${name} = #${from}`),
      ],
    ],
    ["ADD", Object.keys(add).map((name) => `#${name} :add_${name}`)],
    ["DELETE", Object.keys(drop).map((name) => `#${name} :drop_${name}`)],
    ["REMOVE", gone.map((name) => `#${name}`)],
  ] as const;
  return {
    expression: clauses
      .filter(([, parts]) => parts.length > 0)
      .map(([verb, parts]) => `${verb} ${parts.join(", ")}`)
      .join(" "),
    values: Object.fromEntries([
      ...kept.map(([name, value]) => [`:set_${name}`, value]),
      ...Object.entries(add).map(([name, value]) => [`:add_${name}`, value]),
      ...Object.entries(drop).map(([name, value]) => [`:drop_${name}`, value]),
    ]),
  };
}

function withColons(given: Item): Item {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [`:${name}`, value]));
}

function refusal(error: unknown): Refused {
  if (!(error instanceof ConditionalCheckFailedException)) throw error;
  return { applied: false, standing: error.Item === undefined ? undefined : fromAttributes(error.Item) };
}
