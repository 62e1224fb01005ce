// Makes the table in an emulator, from the same definition that the CDK construct uses.
import { CreateTableCommand, type DynamoDBClient, waitUntilTableExists } from "@aws-sdk/client-dynamodb";
import { type IndexDefinition, tableDefinition } from "../../lib/schema.ts";

const MAX_WAIT_SECONDS = 30;

export async function createTable(client: DynamoDBClient, tableName: string): Promise<void> {
  const { partitionKey, sortKey, indexes } = tableDefinition;
  const all: readonly IndexDefinition[] = Object.values(indexes);
  const keys = [partitionKey, sortKey, ...all.flatMap((index) => [index.partitionKey, index.sortKey])];
  await client.send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: keys.map(({ name, type }) => ({ AttributeName: name, AttributeType: type })),
      KeySchema: keySchema({ partitionKey, sortKey }),
      GlobalSecondaryIndexes: all.map((index) => ({
        IndexName: index.name,
        KeySchema: keySchema(index),
        Projection:
          index.nonKeyAttributes.length === 0
            ? { ProjectionType: "KEYS_ONLY" }
            : { ProjectionType: "INCLUDE", NonKeyAttributes: [...index.nonKeyAttributes] },
      })),
    }),
  );
  const waiter = { client, maxWaitTime: MAX_WAIT_SECONDS, minDelay: 1, maxDelay: 1 };
  await waitUntilTableExists(waiter, { TableName: tableName });
}

/** A table as an author may have it, with the key `id`. */
export async function createItemTable(client: DynamoDBClient, tableName: string): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    }),
  );
  const waiter = { client, maxWaitTime: MAX_WAIT_SECONDS, minDelay: 1, maxDelay: 1 };
  await waitUntilTableExists(waiter, { TableName: tableName });
}

function keySchema({ partitionKey, sortKey }: Pick<IndexDefinition, "partitionKey" | "sortKey">) {
  return [
    { AttributeName: partitionKey.name, KeyType: "HASH" as const },
    { AttributeName: sortKey.name, KeyType: "RANGE" as const },
  ];
}
