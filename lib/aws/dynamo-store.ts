// The Store port on one DynamoDB table (lib/schema.ts). Holds no state of its own: any number of invocations may share it.
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { Store } from "../ports/store.ts";
import { PerdureError } from "../sdk/errors.ts";
import { createDynamoIndex } from "./dynamo-index.ts";
import { createDynamoJournal } from "./dynamo-journal.ts";
import { createDynamoLimits } from "./dynamo-limits.ts";
import { createDynamoRuns } from "./dynamo-runs.ts";
import type { Table } from "./table.ts";

export interface DynamoStoreOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /** Parts applications that share a table: each lists and sweeps only its own runs. @default "default" */
  readonly namespace?: string;
  /** Most items on a page of a query, for those who want smaller answers. @default - as many as fit 1 MB */
  readonly pageItems?: number;
}

/** Stands in index keys between '#'. */
const NAMESPACE = /^[\w.-]{1,64}$/;

/** @throws E_BAD_OPTION when the namespace cannot stand in a key, or a page would hold no item */
export function createDynamoStore(options: DynamoStoreOptions): Store {
  const table = openTable(options);
  return {
    runs: createDynamoRuns(table),
    journal: createDynamoJournal(table),
    index: createDynamoIndex(table),
    limits: createDynamoLimits(table),
  };
}

export function openTable({
  client,
  tableName,
  namespace = "default",
  pageItems,
}: DynamoStoreOptions): Table {
  if (!NAMESPACE.test(namespace)) {
    throw new PerdureError(
      "E_BAD_OPTION",
      `namespace is ${JSON.stringify(namespace)}; it is 1 to 64 letters, digits, '.', '_' or '-'.`,
    );
  }
  if (pageItems !== undefined && !(Number.isInteger(pageItems) && pageItems >= 1)) {
    throw new PerdureError("E_BAD_OPTION", `pageItems is ${pageItems}; it must be a whole number from 1.`);
  }
  return { client, name: tableName, namespace, ...(pageItems === undefined ? {} : { pageItems }) };
}
