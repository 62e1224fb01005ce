// What no emulator shows, because it is always consistent and never throttled: how the DynamoDB store asks. Looks at the
// requests on their way, and once answers as a throttled table would.
import {
  BatchGetItemCommand,
  type BatchGetItemCommandOutput,
  type DynamoDBClient,
} from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTableClient } from "../../lib/aws/clients.ts";
import { createDynamoStore } from "../../lib/aws/dynamo-store.ts";
import type { Store } from "../../lib/ports/store.ts";
import { aCheckpoint, aFact, aRun, NOW } from "../conformance/samples.ts";
import { claimed } from "../conformance/store-steps.ts";
import { createTable } from "./create-table.ts";
import { type Dynoxide, skipsWithoutDynoxide, startDynoxide } from "./dynoxide.ts";
import { emulatorAccess } from "./suites.ts";

interface Asked {
  readonly command: string;
  readonly input: {
    readonly IndexName?: string;
    readonly ConsistentRead?: boolean;
    readonly RequestItems?: Readonly<Record<string, { readonly ConsistentRead?: boolean }>>;
  };
}

describe.skipIf(skipsWithoutDynoxide())("the reads of the DynamoDB store", () => {
  let server: Dynoxide;
  let client: DynamoDBClient;
  let store: Store;
  let asked: Asked[] = [];
  /** Batches that are still to be answered with their last key unread. */
  let throttled = 0;

  beforeAll(async () => {
    server = await startDynoxide();
    client = createTableClient({ ...emulatorAccess, endpoint: server.endpoint });
    await createTable(client, "perdure");
    client.middlewareStack.add(
      (next, { commandName = "" }) =>
        async (args) => {
          asked.push({ command: commandName, input: args.input as Asked["input"] });
          const answer = await next(args);
          if (commandName === BatchGetItemCommand.name && throttled > 0) {
            throttled -= 1;
            leaveOneUnread(answer.output as BatchGetItemCommandOutput);
          }
          return answer;
        },
      { step: "initialize", name: "lookAtRequests" },
    );
    store = createDynamoStore({ client, tableName: "perdure" });
  });
  beforeEach(() => {
    asked = [];
    throttled = 0;
  });
  afterAll(async () => await server.stop());

  test("of the table itself are strongly consistent, each of them", async () => {
    const run = await claimed(store);
    await store.journal.append(run.runId, aCheckpoint());
    await store.journal.putFact(run.runId, aFact());
    asked = [];
    await store.runs.get(run.runId);
    await store.journal.load(run.runId);
    await store.journal.page(run.runId, 0, 10);
    await store.journal.last(run.runId);
    await store.journal.facts(run.runId);
    await store.journal.fact(run.runId, aFact().key);
    await store.index.list({ workflows: [run.workflow], limit: 10 });
    const ofTable = asked.filter(({ input }) => input.IndexName === undefined);
    expect(new Set(ofTable.map(({ command }) => command))).toEqual(
      new Set(["GetItemCommand", "QueryCommand", "BatchGetItemCommand"]),
    );
    for (const { input } of ofTable) {
      const reads = input.RequestItems === undefined ? [input] : Object.values(input.RequestItems);
      expect(reads.map(({ ConsistentRead: isConsistent }) => isConsistent)).toEqual([true]);
    }
  });

  test("of runs by id ask again for what a throttled table left unread", async () => {
    const workflow = "throttled";
    const runs = await Promise.all(
      [1, 2, 3].map(async (i) => (await store.runs.create(aRun({ workflow, createdAt: NOW + i }))).run.runId),
    );
    throttled = 2;
    const { runs: listed } = await store.index.list({ workflows: [workflow], limit: 10 });
    expect(listed.map(({ runId }) => runId)).toEqual(runs.toReversed());
  });

  test("of a journal with a hole are refused: it would replay as another run", async () => {
    const { runId } = await claimed(store);
    await store.journal.append(runId, aCheckpoint({ first: 1 }));
    const { entries } = aCheckpoint();
    await store.journal.append(runId, aCheckpoint({ first: entries.length + 2 }));
    await expect(store.journal.load(runId)).rejects.toThrow(/E_/);
  });
});

function leaveOneUnread(output: BatchGetItemCommandOutput): void {
  for (const [table, items] of Object.entries(output.Responses ?? {})) {
    const unread = items.pop();
    if (unread?.pk === undefined || unread.sk === undefined) continue;
    output.UnprocessedKeys = { [table]: { Keys: [{ pk: unread.pk, sk: unread.sk }], ConsistentRead: true } };
  }
}
