// What workflows did to the outside world, counted in a table beside Perdure's, and what they told it. The suite's workflows
// write it from inside Lambda, its tests read it.
import {
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";

/** Counts an effect once more and answers how often it has happened now. */
export async function countEffect(client: DynamoDBClient, table: string, effect: string): Promise<number> {
  const { Attributes: attributes } = await client.send(
    new UpdateItemCommand({
      TableName: table,
      Key: { effect: { S: effect } },
      UpdateExpression: "ADD times :one",
      ExpressionAttributeValues: { ":one": { N: "1" } },
      ReturnValues: "UPDATED_NEW",
    }),
  );
  return Number(attributes?.["times"]?.N);
}

export async function readEffect(client: DynamoDBClient, table: string, effect: string): Promise<number> {
  return Number((await read(client, table, effect))?.["times"]?.N ?? 0);
}

/** As a mail would be sent: the last text counts. */
export async function tell(client: DynamoDBClient, table: string, what: string, text: string): Promise<void> {
  const Item = { effect: { S: what }, text: { S: text } };
  await client.send(new PutItemCommand({ TableName: table, Item }));
}

export async function readTold(
  client: DynamoDBClient,
  table: string,
  what: string,
): Promise<string | undefined> {
  return (await read(client, table, what))?.["text"]?.S;
}

async function read(client: DynamoDBClient, table: string, effect: string) {
  const request = new GetItemCommand({
    TableName: table,
    Key: { effect: { S: effect } },
    ConsistentRead: true,
  });
  return (await client.send(request)).Item;
}
