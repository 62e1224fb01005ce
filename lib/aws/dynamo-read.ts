// Reads: one item, a range of sort keys page by page (DynamoDB ends a page at 1 MB, whatever is left), runs by id.
// Of the table itself they are strongly consistent; an index cannot be.
import { BatchGetItemCommand, GetItemCommand, QueryCommand } from "@aws-sdk/client-dynamodb";
import { UnreadableError } from "../engine/unreadable.ts";
import type { Run } from "../ports/run.ts";
import { PerdureError } from "../sdk/errors.ts";
import { type Attributes, fromAttributes, toAttributes } from "./attributes.ts";
import { fromRunItem } from "./run-item.ts";
import { type Item, type Key, metaKey, type Table } from "./table.ts";

export interface Range {
  /** Sort keys from … to, both included. */
  readonly from: string | number;
  readonly to: string | number;
  readonly partition: string;
  /** Most items on a page; as many as fit 1 MB when absent. */
  readonly limit?: number;
  readonly newestFirst?: boolean;
  /** The table itself when absent. */
  readonly index?: {
    readonly name: string;
    readonly partitionKey: { readonly name: string };
    readonly sortKey: { readonly name: string };
  };
}

/** A journal of the largest steps, 300 KB each, reaches this at 300,000 entries. */
const MAX_PAGES = 100_000;
/** BatchGetItem takes no more keys. */
const MAX_KEYS_PER_BATCH = 100;
/** Keys come back unread when the table is throttled; after this often it is not a moment's trouble. */
const MAX_BATCH_TRIES = 6;
const FIRST_PAUSE_MS = 50;

export async function readItem(table: Table, key: Key): Promise<Item | undefined> {
  const { Item: item } = await table.client.send(
    new GetItemCommand({ TableName: table.name, Key: toAttributes({ ...key }), ConsistentRead: true }),
  );
  return item === undefined ? undefined : fromAttributes(item);
}

export async function* queryPages(table: Table, range: Range): AsyncGenerator<readonly Item[]> {
  const { index, newestFirst = false } = range;
  const limit = smaller(range.limit, table.pageItems);
  const [partition, sort] = [index?.partitionKey.name ?? "pk", index?.sortKey.name ?? "sk"];
  let start: Attributes | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const answer = await table.client.send(
      new QueryCommand({
        TableName: table.name,
        ...(index === undefined ? { ConsistentRead: true } : { IndexName: index.name }),
        KeyConditionExpression: "#partition = :partition AND #sort BETWEEN :from AND :to",
        ExpressionAttributeNames: { "#partition": partition, "#sort": sort },
        ExpressionAttributeValues: toAttributes({
          ":partition": range.partition,
          ":from": range.from,
          ":to": range.to,
        }),
        ScanIndexForward: !newestFirst,
        ...(limit === undefined ? {} : { Limit: limit }),
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      }),
    );
    yield (answer.Items ?? []).map(fromAttributes);
    start = answer.LastEvaluatedKey;
    if (start === undefined) return;
  }
  throw new PerdureError("E_INTERNAL", `A query of ${range.partition} did not end after ${MAX_PAGES} pages.`);
}

function smaller(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}

export async function queryAll(table: Table, range: Range): Promise<readonly Item[]> {
  const items: Item[] = [];
  for await (const page of queryPages(table, range)) items.push(...page);
  return items;
}

/** Runs by id, strongly consistent, in the order asked for; those that do not exist are left out. */
export async function readRuns(table: Table, runIds: readonly string[]): Promise<readonly Run[]> {
  const found = new Map<string, Run>();
  for (let first = 0; first < runIds.length; first += MAX_KEYS_PER_BATCH) {
    for (const run of await readBatch(table, runIds.slice(first, first + MAX_KEYS_PER_BATCH)))
      found.set(run.runId, run);
  }
  return runIds.flatMap((runId) => found.get(runId) ?? []);
}

async function readBatch(table: Table, runIds: readonly string[]): Promise<readonly Run[]> {
  const runs: Run[] = [];
  let keys = runIds.map((runId) => toAttributes({ ...metaKey(runId) }));
  for (let tries = 0; tries < MAX_BATCH_TRIES; tries++) {
    const answer = await table.client.send(
      new BatchGetItemCommand({ RequestItems: { [table.name]: { Keys: keys, ConsistentRead: true } } }),
    );
    for (const item of answer.Responses?.[table.name] ?? []) runs.push(...readableRun(item));
    keys = answer.UnprocessedKeys?.[table.name]?.Keys ?? [];
    if (keys.length === 0) return runs;
    await pause(FIRST_PAUSE_MS * 2 ** tries);
  }
  throw new PerdureError(
    "E_INTERNAL",
    `The table left ${keys.length} runs unread ${MAX_BATCH_TRIES} times: is it throttled?`,
  );
}

/** A list is not the place for what cannot be read: asked for by its id, the run answers with the reason. */
function readableRun(item: Attributes): Run[] {
  try {
    return [fromRunItem(fromAttributes(item))];
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    return [];
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
