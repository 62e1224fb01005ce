// `appendWith` of the DynamoDB store: a checkpoint and writes of the author's, both or neither, whatever is repeated. The
// server forgets its tokens here, as DynamoDB does after ten minutes: only the marks tell a repetition.
import { randomUUID } from "node:crypto";
import { TransactionInProgressException } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createTableClient } from "../../lib/aws/clients.ts";
import { createDynamoStore } from "../../lib/aws/dynamo-store.ts";
import type { Checkpoint } from "../../lib/ports/journal.ts";
import type { Store } from "../../lib/ports/store.ts";
import type { TransactionWrite } from "../../lib/ports/transaction.ts";
import { aCheckpoint, aRunId, NOW } from "../conformance/samples.ts";
import { Items } from "../engine/table-lab.ts";
import { createTable } from "./create-table.ts";
import { type Dynoxide, skipsWithoutDynoxide, startDynoxide } from "./dynoxide.ts";
import { emulatorAccess } from "./suites.ts";

describe.skipIf(skipsWithoutDynoxide())("a checkpoint together with writes of the author's", () => {
  let server: Dynoxide;
  let store: Store;
  let items: Items;
  let id: string;
  let runId: string;

  beforeAll(async () => {
    server = await startDynoxide();
    const client = createTableClient({ ...emulatorAccess, endpoint: server.endpoint });
    await createTable(client, "perdure");
    items = await new Items(client).create();
    client.middlewareStack.add(
      (next) => async (args) => {
        const forgotten = "TransactItems" in args.input ? { ClientRequestToken: randomUUID() } : {};
        return await next({ ...args, input: { ...args.input, ...forgotten } });
      },
      { step: "initialize", name: "forgetTokens" },
    );
    store = createDynamoStore({ client, tableName: "perdure" });
  });
  afterAll(async () => await server.stop());
  beforeEach(async () => {
    [id, runId] = [randomUUID(), aRunId()];
    await items.put({ id, left: 1 });
  });

  const aCommit = (): Checkpoint => aCheckpoint({ entries: [{ type: "tx.committed", id: "t", at: NOW }] });
  /** Can be done once. */
  const takeOne = (): readonly TransactionWrite[] => [
    {
      update: {
        table: items.name,
        key: { id },
        update: "SET #l = #l - :one",
        condition: "#l >= :one",
        names: { "#l": "left" },
        values: { ":one": 1 },
      },
    },
  ];
  const append = async (checkpoint: Checkpoint, writes: readonly TransactionWrite[]) =>
    await store.journal.appendWith?.(runId, checkpoint, writes);
  const left = async () => (await items.get(id))?.["left"];

  it("is there when they are", async () => {
    const checkpoint = aCommit();
    expect(await append(checkpoint, takeOne())).toEqual({ ok: true });
    expect((await store.journal.load(runId)).checkpoints).toEqual([checkpoint]);
    expect(await left()).toBe(0);
  });

  it("that is repeated finds its own mark, although its own write has made the condition false", async () => {
    const checkpoint = aCommit();
    await append(checkpoint, takeOne());
    expect(await append(checkpoint, takeOne())).toEqual({ ok: true });
    expect(await left()).toBe(0);
  });

  it("is not there, nor are they, when its slot is taken: that counts before any condition", async () => {
    const standing = aCheckpoint();
    await store.journal.append(runId, standing);
    expect(await append(aCommit(), takeOne())).toEqual({ ok: false, existing: standing });
    await items.put({ id, left: 0 });
    expect(await append(aCommit(), takeOne())).toEqual({ ok: false, existing: standing });
    expect(await left()).toBe(0);
  });

  it("is refused with the place of each write whose condition fails, and nothing is there", async () => {
    const [take] = takeOne();
    if (take === undefined) throw new Error("there is one");
    const check = { check: { table: items.name, key: { id: "none" }, condition: "attribute_exists(id)" } };
    await items.put({ id, left: 0 });
    const put = { put: { table: items.name, item: { id: `${id} new` } } };
    expect(await append(aCommit(), [put, take, check])).toEqual({
      ok: false,
      refused: [1, 2].map((write) => ({
        write,
        code: "ConditionalCheckFailed",
        message: expect.any(String),
      })),
    });
    expect(await items.get(`${id} new`)).toBeUndefined();
    expect((await store.journal.load(runId)).checkpoints).toEqual([]);
  });

  it("carries values of every kind that a table has, and leaves out what is undefined", async () => {
    const item = {
      id: `${id} all`,
      text: "€",
      number: -1.5,
      large: 12_345_678_901_234_567_890n,
      yes: true,
      none: null,
      bytes: new Uint8Array([1, 2]),
      texts: new Set(["a"]),
      numbers: new Set([1]),
      list: [1, { deep: "x" }],
    };
    const put = { put: { table: items.name, item: { ...item, gone: undefined } } };
    expect(await append(aCommit(), [put])).toEqual({ ok: true });
    expect(await items.get(item.id)).toEqual(item);
  });

  it("that a table cannot hold is refused, and says why", async () => {
    const put = { put: { table: items.name, item: { id: `${id} x`, n: Number.POSITIVE_INFINITY } } };
    expect(await append(aCommit(), [put])).toMatchObject({
      ok: false,
      refused: [{ write: 0, code: "ValidationError", message: expect.stringContaining("Infinity") }],
    });
  });

  it("that makes no sense as a whole is refused, and nothing is there", async () => {
    const item = { id: `${id} twice` };
    const put = { put: { table: items.name, item } };
    expect(await append(aCommit(), [put, put])).toMatchObject({
      ok: false,
      refused: [{ code: "ValidationError", message: expect.any(String) }],
    });
    expect(await items.get(item.id)).toBeUndefined();
    expect((await store.journal.load(runId)).checkpoints).toEqual([]);
  });

  it("that is under way already is neither done nor refused: it can be asked for again", async () => {
    const client = createTableClient({ ...emulatorAccess, endpoint: server.endpoint });
    const message = "the same transaction is in progress";
    client.middlewareStack.add(
      () => async () => {
        throw new TransactionInProgressException({ message, $metadata: {} });
      },
      { step: "initialize", name: "underWay" },
    );
    const { journal } = createDynamoStore({ client, tableName: "perdure" });
    expect(await journal.appendWith?.(runId, aCommit(), takeOne())).toEqual({ ok: false, busy: message });
    client.destroy();
  });
});
