// A DynamoDB server with one table, for the tests of the block that asks for it.
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll } from "vitest";
import { createTableClient } from "../../lib/aws/clients.ts";
import { createTable } from "./create-table.ts";
import { type Dynoxide, startDynoxide } from "./dynoxide.ts";
import { emulatorAccess } from "./suites.ts";

/** What it answers with gives the server's client, once tests run. */
export function useTable(tableName = "perdure"): () => DynamoDBClient {
  let server: Dynoxide;
  let client: DynamoDBClient;
  beforeAll(async () => {
    server = await startDynoxide();
    client = createTableClient({ ...emulatorAccess, endpoint: server.endpoint });
    await createTable(client, tableName);
  });
  afterAll(async () => {
    client.destroy();
    await server.stop();
  });
  return () => client;
}
