// What workflows did to the outside world, counted in a table beside Perdure's. The suite's workflows write it from
// inside Lambda, its tests read it.
import { type DynamoDBClient, GetItemCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";

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
  const request = new GetItemCommand({
    TableName: table,
    Key: { effect: { S: effect } },
    ConsistentRead: true,
  });
  const { Item: item } = await client.send(request);
  return Number(item?.["times"]?.N ?? 0);
}
