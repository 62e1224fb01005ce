// A run as it lies in the table, for what the API does not show: who wrote what under which lease.
import { GetItemCommand, QueryCommand } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import * as v from "valibot";
import type { Deployment } from "./deployment.ts";

const Entry = v.looseObject({
  type: v.string(),
  id: v.optional(v.string()),
  attempt: v.optional(v.number()),
});
/** The key ends with the position of the first entry. */
const CheckpointItem = v.looseObject({ sk: v.string(), fence: v.number(), entries: v.array(Entry) });
const MetaItem = v.looseObject({ fence: v.number(), wake: v.number(), handled: v.number() });

/** Checkpoints of a run, in order. */
export async function readCheckpoints(
  { clients, outputs }: Deployment,
  runId: string,
): Promise<readonly v.InferOutput<typeof CheckpointItem>[]> {
  const { Items: items = [] } = await clients.dynamo.send(
    new QueryCommand({
      TableName: outputs.TableName,
      KeyConditionExpression: "pk = :run AND begins_with(sk, :checkpoint)",
      ExpressionAttributeValues: { ":run": { S: `RUN#${runId}` }, ":checkpoint": { S: "J#" } },
      ConsistentRead: true,
    }),
  );
  return items.map((item) => v.parse(CheckpointItem, unmarshall(item)));
}

export async function readMeta(
  { clients, outputs }: Deployment,
  runId: string,
): Promise<v.InferOutput<typeof MetaItem>> {
  const Key = { pk: { S: `RUN#${runId}` }, sk: { S: "META" } };
  const { Item: item } = await clients.dynamo.send(
    new GetItemCommand({ TableName: outputs.TableName, Key, ConsistentRead: true }),
  );
  return v.parse(MetaItem, unmarshall(item ?? {}));
}

/** Entries of a run with their positions, in order. */
export async function readEntries(deployment: Deployment, runId: string) {
  const checkpoints = await readCheckpoints(deployment, runId);
  return checkpoints.flatMap(({ sk, entries }) => {
    const first = Number(sk.slice("J#".length));
    return entries.map((entry, i) => ({ ...entry, seq: first + i }));
  });
}
