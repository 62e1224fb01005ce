// A fact leaves the inbox in two requests: whoever dies between them, or looks then, finds it in one place or in both.
import { DeleteItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTableClient } from "../../lib/aws/clients.ts";
import { createDynamoStore } from "../../lib/aws/dynamo-store.ts";
import { readFact } from "../../lib/engine/read-fact.ts";
import type { Store } from "../../lib/ports/store.ts";
import { aFact, aRunId } from "../conformance/samples.ts";
import { createTable } from "./create-table.ts";
import { type Dynoxide, skipsWithoutDynoxide, startDynoxide } from "./dynoxide.ts";
import { emulatorAccess } from "./suites.ts";

const WRITES: ReadonlySet<string> = new Set([PutItemCommand.name, DeleteItemCommand.name]);

describe.skipIf(skipsWithoutDynoxide())("on dynoxide", () => {
  let server: Dynoxide;
  let others: Store;
  let store: Store;
  /** Of `store`, up to which it dies before the next. */
  let writesLeft = Number.POSITIVE_INFINITY;

  beforeAll(async () => {
    server = await startDynoxide();
    const newClient = () => createTableClient({ ...emulatorAccess, endpoint: server.endpoint });
    const client = newClient();
    await createTable(client, "perdure");
    client.middlewareStack.add(
      (next, { commandName = "" }) =>
        async (args) => {
          if (WRITES.has(commandName)) writesLeft -= 1;
          if (writesLeft < 0) throw new Error("died");
          return await next(args);
        },
      { step: "initialize", name: "die" },
    );
    store = createDynamoStore({ client, tableName: "perdure" });
    others = createDynamoStore({ client: newClient(), tableName: "perdure" });
  });
  afterAll(async () => await server.stop());

  test.each([0, 1, 2])("a fact is known although who retires it dies after %i writes", async (writes) => {
    const [runId, fact] = [aRunId(), aFact()];
    await others.journal.putFact(runId, fact);
    const request = { runId, facts: [fact], notes: [], stepClaims: [] };
    writesLeft = writes;
    const retired = store.journal.retire(request);
    await (writes < 2 ? expect(retired).rejects.toThrow("died") : retired);
    expect(await others.journal.retired(runId, fact.key)).toEqual(writes === 0 ? undefined : fact);
    expect(await others.journal.facts(runId)).toEqual(writes === 2 ? [] : [fact]);
    expect(await readFact(others, runId, fact.key)).toEqual(fact);
    for (const at of [fact.at, fact.at + 1])
      await others.journal.retire({ ...request, facts: [{ ...fact, at }] });
    expect(await others.journal.retired(runId, fact.key)).toEqual(fact);
    expect(await others.journal.facts(runId)).toEqual([]);
  });

  test("many facts are retired some at a time", async () => {
    const runId = aRunId();
    const facts = Array.from({ length: 60 }, (_, i) => aFact({ key: `signal-${i}` }));
    let [now, most] = [0, 0];
    const client = createTableClient({ ...emulatorAccess, endpoint: server.endpoint });
    client.middlewareStack.add(
      (next) => async (args) => {
        now += 1;
        most = Math.max(most, now);
        const answer = await next(args);
        now -= 1;
        return answer;
      },
      { step: "initialize", name: "count" },
    );
    const { journal } = createDynamoStore({ client, tableName: "perdure" });
    await journal.retire({ runId, facts, notes: ["n"], stepClaims: [1] });
    expect(most).toBe(25);
    expect(await others.journal.retired(runId, "signal-59")).toEqual(facts[59]);
    client.destroy();
  });
});
