// Pausing and resuming take two requests when somebody holds the run: what if its lease comes or goes between them?
import { type DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTableClient } from "../../lib/aws/clients.ts";
import { createDynamoStore } from "../../lib/aws/dynamo-store.ts";
import type { Store } from "../../lib/ports/store.ts";
import { aSuspension, NOW } from "../conformance/samples.ts";
import { aClaim, claimed, mustGet, SWEEP_AT } from "../conformance/store-steps.ts";
import { createTable } from "./create-table.ts";
import { type Dynoxide, skipsWithoutDynoxide, startDynoxide } from "./dynoxide.ts";
import { emulatorAccess } from "./suites.ts";

describe.skipIf(skipsWithoutDynoxide())("on dynoxide", () => {
  let server: Dynoxide;
  let others: Store;
  let store: Store;
  /** What others do before the second update, once. */
  let meanwhile: (() => Promise<void>) | undefined;
  let updates = 0;

  beforeAll(async () => {
    server = await startDynoxide();
    const newClient = () => createTableClient({ ...emulatorAccess, endpoint: server.endpoint });
    const client: DynamoDBClient = newClient();
    await createTable(client, "perdure");
    client.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          if (commandName === UpdateItemCommand.name) updates += 1;
          if (updates === 2 && meanwhile !== undefined) {
            const act = meanwhile;
            meanwhile = undefined;
            await act();
          }
          return await next(args);
        },
      { step: "initialize", name: "letOthersAct" },
    );
    store = createDynamoStore({ client, tableName: "perdure" });
    others = createDynamoStore({ client: newClient(), tableName: "perdure" });
  });
  beforeEach(() => {
    updates = 0;
    meanwhile = undefined;
  });
  afterAll(async () => await server.stop());

  test("a run is paused although its owner leaves it meanwhile", async () => {
    const run = await claimed(others);
    meanwhile = async () => {
      expect(await others.runs.suspend(aSuspension(run))).toEqual({ ok: true });
    };
    const paused = await store.runs.pause({ runId: run.runId, sweepAt: SWEEP_AT });
    expect(paused).toMatchObject({ status: "paused", paused: true, wake: run.wake + 1 });
    expect(await mustGet(others, run.runId)).toEqual(paused);
  });

  test("a run is resumed although its owner leaves it meanwhile", async () => {
    const run = await claimed(others);
    const held = await others.runs.pause({ runId: run.runId, sweepAt: SWEEP_AT });
    meanwhile = async () => {
      expect(await others.runs.suspend(aSuspension(held ?? run))).toEqual({ ok: true });
    };
    const resumed = await store.runs.resume({ runId: run.runId, sweepAt: SWEEP_AT });
    expect(resumed).toMatchObject({ status: "pending", wake: run.wake + 2 });
    expect(resumed?.paused).toBeUndefined();
    const claim = aClaim(run.runId, { n: run.wake + 2, now: NOW + 1, leaseUntil: NOW + 2 });
    expect((await others.runs.claim(claim)).ok).toBe(true);
  });
});
