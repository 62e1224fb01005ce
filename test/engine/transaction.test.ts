// `ctx.tx` against a DynamoDB server: the author's writes and the entry that records them, both or neither.
import { randomUUID } from "node:crypto";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTableClient } from "../../lib/aws/clients.ts";
import { retryRun, terminateRun } from "../../lib/engine/index.ts";
import type { Checkpoint } from "../../lib/ports/journal.ts";
import type { TransactionWrite } from "../../lib/ports/transaction.ts";
import type { Context } from "../../lib/sdk/context.ts";
import { TransactionError } from "../../lib/sdk/errors.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { createTable } from "../aws/create-table.ts";
import { type Dynoxide, skipsWithoutDynoxide, startDynoxide } from "../aws/dynoxide.ts";
import { emulatorAccess } from "../aws/suites.ts";
import { everyCrash } from "./every-crash.ts";
import { type Fate, Lab, type LabOptions } from "./lab.ts";
import { under } from "./modes.ts";
import { Items, TableLab } from "./table-lab.ts";
import { busyClient, slowClient, unsureClient } from "./transaction-clients.ts";

const CRASHES_TIMEOUT_MS = 120_000;

interface Transfer {
  readonly account: string;
  readonly booking: string;
}

describe.skipIf(skipsWithoutDynoxide())("a transaction with the author's writes", () => {
  let server: Dynoxide;
  let client: DynamoDBClient;
  let items: Items;

  beforeAll(async () => {
    server = await startDynoxide();
    client = createTableClient({ ...emulatorAccess, endpoint: server.endpoint });
    await createTable(client, "runs");
    items = await new Items(client).create();
  });
  afterAll(async () => {
    client.destroy();
    await server.stop();
  });

  const labOf = (workflows: ConstructorParameters<typeof Lab>[0], options: LabOptions = {}, by = client) =>
    new TableLab(by, "runs", workflows, options);

  const writesOf = ({ account, booking }: Transfer): readonly TransactionWrite[] => [
    {
      update: {
        table: items.name,
        key: { id: account },
        update: "SET balance = balance - :ten",
        condition: "balance >= :ten",
        values: { ":ten": 10 },
      },
    },
    { put: { table: items.name, item: { id: booking, of: account, tags: new Set(["a", "b"]) } } },
  ];
  const transfer = workflow("w", async (ctx, input) => {
    await ctx.step("before", () => 1);
    await ctx.tx("pay", writesOf(input as Transfer));
    await ctx.step("after", () => 2);
    return "paid";
  });
  /** An account with a balance, and a booking that is to come. */
  async function aTransfer(balance = 100): Promise<Transfer> {
    const transfer = { account: randomUUID(), booking: randomUUID() };
    await items.put({ id: transfer.account, balance });
    return transfer;
  }
  async function expectPaidOnce({ account, booking }: Transfer, where = ""): Promise<void> {
    expect((await items.get(account))?.["balance"], where).toBe(90);
    expect(await items.get(booking), where).toEqual({ id: booking, of: account, tags: new Set(["a", "b"]) });
  }
  async function expectNothing({ account, booking }: Transfer, balance: number): Promise<void> {
    expect(await items.get(account)).toEqual({ id: account, balance });
    expect(await items.get(booking)).toBeUndefined();
  }
  async function committed(lab: Lab, runId: string): Promise<number> {
    return (await lab.entries(runId)).filter(({ type }) => type === "tx.committed").length;
  }

  it("does them and records them, in one request", async () => {
    const lab = labOf([transfer]);
    const input = await aTransfer();
    const runId = await lab.start(transfer, input);
    expect(await lab.result(runId)).toBe("paid");
    await expectPaidOnce(input);
    expect(await committed(lab, runId)).toBe(1);
    expect(lab.counts.get("journal.appendWith")).toBe(1);
  });

  it("is followed by what comes behind it, which begins once", async () => {
    let begun = 0;
    const w = workflow("w", async (ctx, input) => {
      await ctx.tx("pay", writesOf(input as Transfer));
      return await ctx.step("thank", () => (begun += 1));
    });
    const lab = labOf([w]);
    expect(await lab.result(await lab.start(w, await aTransfer()))).toBe(1);
    expect(begun).toBe(1);
  });

  it("happens exactly once, wherever a process dies (X1)", { timeout: CRASHES_TIMEOUT_MS }, async () => {
    const calls = await everyCrash(async (watch, where) => {
      const lab = labOf([transfer]);
      lab.watch = watch;
      const input = await aTransfer();
      const runId = await lab.start(transfer, input);
      expect(await lab.result(runId), where).toBe("paid");
      await expectPaidOnce(input, where);
      expect(await committed(lab, runId), where).toBe(1);
    });
    expect(calls).toBeGreaterThan(6);
  });

  it.each([
    ["one answer is lost: the request is known by its token", { lose: 1, forgetful: false }],
    ["one answer is lost and the token is forgotten: the mark is found", { lose: 1, forgetful: true }],
    ["every answer is lost: the next activation finds the entry", { lose: 4, forgetful: false }],
  ])("happens exactly once when %s", async (_, { lose, forgetful }) => {
    const unsure = unsureClient(server, lose, forgetful);
    const lab = labOf([transfer], {}, unsure);
    const input = await aTransfer();
    const runId = await lab.start(transfer, input);
    expect(await lab.result(runId)).toBe("paid");
    await expectPaidOnce(input);
    expect(await committed(lab, runId)).toBe(1);
    unsure.destroy();
  });

  it("of a former owner that comes late finds its slot taken, and nothing of it happens", async () => {
    const lab = labOf([transfer]);
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    let transactions = 0;
    lab.watch = async ({ method }): Promise<Fate> => {
      // Its renewals hang, too: it does not know that it has been replaced.
      if (method === "renew" && transactions === 1) return await new Promise<never>(() => {});
      if (method !== "appendWith") return "go on";
      transactions += 1;
      if (transactions === 1) await released;
      return "go on";
    };
    const input = await aTransfer();
    const runId = await lab.start(transfer, input);
    expect(await lab.result(runId)).toBe("paid");
    expect(transactions).toBe(2);
    release();
    await lab.settle();
    await expectPaidOnce(input);
    expect(await committed(lab, runId)).toBe(1);
  });

  it("that loses its slot to a former owner's entry does nothing, and is done behind it", async () => {
    const w = workflow("w", async (ctx, input) => {
      const nap = ctx.sleep("nap", "1 hour");
      await ctx.tx("pay", writesOf(input as Transfer));
      const booking = await ctx.step("look", () => items.get((input as Transfer).booking));
      await nap;
      return booking === undefined ? "unpaid" : "paid";
    });
    const lab = labOf([w]);
    const input = await aTransfer();
    lab.watch = async ({ method, args }): Promise<Fate> => {
      if (method !== "appendWith") return "go on";
      lab.watch = undefined;
      const [runId, checkpoint] = args as [string, Checkpoint];
      const entries = [{ type: "sleep.finished", id: "nap", at: checkpoint.at } as const];
      await lab.store.journal.append(runId, { ...checkpoint, entries, fence: 0, mark: "former" });
      return "go on";
    };
    const runId = await lab.start(w, input);
    expect(await lab.result(runId)).toBe("paid");
    await expectPaidOnce(input);
    const types = (await lab.entries(runId)).map(({ type }) => type);
    expect(types.indexOf("sleep.finished")).toBeLessThan(types.indexOf("tx.committed"));
  });

  const careful = workflow("w", async (ctx, input) => {
    const refused = await ctx.tx("pay", writesOf(input as Transfer)).catch((error: unknown) => {
      if (!(error instanceof TransactionError)) throw error;
      return { code: error.code, transaction: error.transaction, reasons: error.reasons };
    });
    await ctx.sleep("a while", "1 hour");
    return refused;
  });
  const refusal = {
    code: "E_TX_REFUSED",
    transaction: "pay",
    reasons: [{ write: 0, code: "ConditionalCheckFailed", message: expect.any(String) }],
  };

  it("whose condition fails is refused with the reasons, for good", async () => {
    const lab = labOf([careful]);
    const input = await aTransfer(5);
    const runId = await lab.start(careful, input);
    await lab.settle();
    // It would succeed now; what the code was told stays.
    await items.put({ id: input.account, balance: 100 });
    expect(await lab.result(runId)).toEqual(refusal);
    await expectNothing(input, 100);
  });

  it("that is refused writes nothing and is told once, wherever a process dies", {
    timeout: CRASHES_TIMEOUT_MS,
  }, async () => {
    await everyCrash(async (watch, where) => {
      const lab = labOf([careful]);
      lab.watch = watch;
      const input = await aTransfer(5);
      const runId = await lab.start(careful, input);
      expect(await lab.result(runId), where).toEqual(refusal);
      await expectNothing(input, 5);
      const told = (await lab.entries(runId)).filter(({ type }) => type.startsWith("tx."));
      expect(told, where).toHaveLength(1);
    });
  });

  it("of a run that failed because of it is tried again by a retry", async () => {
    const lab = labOf([transfer]);
    const input = await aTransfer(5);
    const runId = await lab.start(transfer, input);
    await expect(lab.result(runId)).rejects.toThrow(TransactionError);
    await items.put({ id: input.account, balance: 100 });
    const retried = await retryRun(lab.engine, { runId });
    expect(await lab.result(retried.runId)).toBe("paid");
    await expectPaidOnce(input);
  });

  it("waits when other transactions are in its way", async () => {
    const busy = busyClient(server, 3);
    const lab = labOf([transfer], {}, busy);
    const input = await aTransfer();
    expect(await lab.result(await lab.start(transfer, input))).toBe("paid");
    expect(lab.counts.get("journal.appendWith")).toBe(4);
    await expectPaidOnce(input);
    busy.destroy();
  });

  it.each([
    ["its token", false],
    ["its mark, when the token is forgotten", true],
  ])("that is still under way when it is asked for again is known by %s", async (_, forgetful) => {
    const slow = slowClient(server, forgetful);
    const w = workflow("w", async (ctx, input) => {
      await ctx.tx("pay", writesOf(input as Transfer));
      return ctx.now().getTime();
    });
    const lab = labOf([w], {}, slow);
    const input = await aTransfer();
    const runId = await lab.start(w, input);
    const told = await lab.result(runId);
    const recorded = (await lab.entries(runId)).find(({ type }) => type === "tx.committed");
    // What the code sees is what a replay will see.
    expect(told).toBe(recorded?.at);
    expect(lab.counts.get("journal.appendWith")).toBe(2);
    expect(lab.counts.get("runs.abandon")).toBeUndefined();
    await expectPaidOnce(input);
    slow.destroy();
  });

  it("that meets others too often is given back, and done later", async () => {
    const busy = busyClient(server, 8);
    const lab = labOf([transfer], {}, busy);
    const input = await aTransfer();
    expect(await lab.result(await lab.start(transfer, input))).toBe("paid");
    await expectPaidOnce(input);
    expect(lab.counts.get("runs.abandon")).toBe(1);
    busy.destroy();
  });

  it("that meets others is not asked for any more once its owner knows that it was replaced (J2)", async () => {
    const busy = busyClient(server, 20);
    const lab = labOf([transfer], {}, busy);
    const input = await aTransfer();
    let [tries, late, isReplaced] = [0, 0, false];
    lab.watch = async ({ method, args }): Promise<Fate> => {
      if (method === "renew") isReplaced = true;
      if (method !== "appendWith") return "go on";
      tries += 1;
      if (isReplaced) late += 1;
      if (tries === 1) await terminateRun(lab.engine, { runId: args[0] as string });
      return "go on";
    };
    await expect(lab.result(await lab.start(transfer, input))).rejects.toThrow("terminated");
    await lab.pass(60_000);
    expect(isReplaced).toBe(true);
    expect(late).toBe(0);
    await expectNothing(input, 100);
    busy.destroy();
  });

  it("may put, update, delete and only check", async () => {
    const [gone, here] = [randomUUID(), randomUUID()];
    await items.put({ id: gone });
    await items.put({ id: here, state: "open" });
    const table = items.name;
    const w = workflow("w", async (ctx) => {
      await ctx.tx("both", [
        { delete: { table, key: { id: gone }, condition: "attribute_exists(id)" } },
        {
          check: {
            table,
            key: { id: here },
            condition: "#s = :open",
            names: { "#s": "state" },
            values: { ":open": "open" },
          },
        },
      ]);
    });
    const lab = labOf([w]);
    await lab.result(await lab.start(w));
    expect(await items.get(gone)).toBeUndefined();
    expect(await items.get(here)).toEqual({ id: here, state: "open" });
  });

  it("that the code gives up before it was its turn is not done", async () => {
    const id = randomUUID();
    const w = workflow("w", async (ctx) => {
      const made = ctx.tx("put", [{ put: { table: items.name, item: { id } } }]);
      // Recorded first, and what the code does then counts.
      void ctx.publish("changed my mind").then(() => made.cancel());
      return await made.catch((error: Error) => error.name);
    });
    const lab = labOf([w]);
    const runId = await lab.start(w);
    expect(await lab.result(runId)).toBe("CancelledError");
    expect(await items.get(id)).toBeUndefined();
    expect(await committed(lab, runId)).toBe(0);
  });

  it("that the code does not wait for before it ends is not done", async () => {
    const id = randomUUID();
    const w = workflow("w", async (ctx) => {
      void ctx.tx("put", [{ put: { table: items.name, item: { id } } }]);
      return "over";
    });
    const lab = labOf([w]);
    const runId = await lab.start(w);
    expect(await lab.result(runId)).toBe("over");
    expect(await items.get(id)).toBeUndefined();
    expect(await committed(lab, runId)).toBe(0);
  });

  it("has the writes as they were at the time of the call", async () => {
    const id = randomUUID();
    const w = workflow("w", async (ctx) => {
      const item = { id, n: 1 };
      const made = ctx.tx("put", [{ put: { table: items.name, item } }]);
      item.n = 2;
      await made;
    });
    const lab = labOf([w]);
    await lab.result(await lab.start(w));
    expect(await items.get(id)).toEqual({ id, n: 1 });
  });

  it("of as many writes as are allowed is done, and each of two at once is done", async () => {
    const mine = await new Items(client).create();
    const puts = (count: number) =>
      Array.from({ length: count }, () => ({ put: { table: mine.name, item: { id: randomUUID() } } }));
    const w = workflow("w", async (ctx) => {
      await Promise.all([ctx.tx("many", puts(99)), ctx.tx("one", puts(1))]);
    });
    const lab = labOf([w]);
    await lab.result(await lab.start(w));
    expect(await mine.count()).toBe(100);
  });

  const tried = async (writes: unknown): Promise<string> => {
    const w = workflow("w", async (ctx: Context) =>
      ctx.tx("t", writes as never).catch((error: Error) => error.message),
    );
    const lab = labOf([w]);
    return (await lab.result(await lab.start(w))) as string;
  };

  it.each([
    ["an expression that is none", { update: "nonsense" }, "refused"],
    ["a name that nothing stands for", { update: "SET #a = :b" }, "refused"],
  ])("that makes no sense to the table is refused: %s", async (_, more, why) => {
    const write = { update: { table: items.name, key: { id: "x" }, ...more } };
    expect(await tried([write])).toMatch(new RegExp(`${why}.*ValidationError`));
  });

  it("does not touch the table of the runs", async () => {
    const put = { table: "runs", item: { pk: "RUN#x", sk: "META" } };
    expect(await tried([{ put }])).toMatch(/refused.*write 0: ValidationError: the table is Perdure's own/);
  });

  it("to a table that is not there waits for a person, and nothing is lost", async () => {
    const w = workflow("w", async (ctx) => ctx.tx("t", [{ put: { table: "none", item: { id: "x" } } }]));
    const lab = labOf([w]);
    const runId = await lab.start(w);
    await lab.until(async () => (await lab.run(runId)).status === "stalled");
  });

  const table = "t";
  const large = "x".repeat(400 * 1024);
  it.each([
    [[], "has 0 writes; give a list of 1 to 99"],
    [Array.from({ length: 100 }, () => ({ put: { table, item: { id: 1 } } })), "has 100 writes"],
    ["put", "has no list of writes"],
    [[{ put: { table, item: {} }, delete: { table, key: {} } }], "write 0 of transaction"],
    [[{ insert: { table } }], "must be one of { put }, { update }, { delete } and { check }"],
    [[{ put: { table } }], "`put.item` of write 0"],
    [[{ put: { item: {} } }], "`put.table` of write 0"],
    [[{ put: { table, item: {}, when: "x" } }], 'has no field "when"; there are: table, condition'],
    [[{ check: { table, key: {} } }], "`check.condition` of write 0"],
    [[{ update: { table, key: {} } }], "an update expression like"],
    [[{ delete: { table, key: [1] } }], "`delete.key` of write 0"],
    [[{ put: { table, item: { f: () => 1 } } }], "E_NOT_SERIALIZABLE"],
    [[{ put: { table, item: { large } } }], "E_TOO_LARGE"],
    [
      Array.from({ length: 11 }, (_, id) => ({ put: { table, item: { id, a: large.slice(2_000) } } })),
      "E_TOO_LARGE",
    ],
  ])("that nobody can do is refused before anything is asked: case %#", async (writes, why) => {
    expect(await tried(writes)).toContain(why);
  });
});

describe("a transaction where runs are kept elsewhere", () => {
  it.skipIf(under(["tiny-query-pages"], "its store has transactions"))(
    "is refused with a clear error that the code can handle, for good",
    async () => {
      const w = workflow("w", async (ctx) => {
        const why = await ctx
          .tx("t", [{ put: { table: "t", item: { id: 1 } } }])
          .catch((error: Error) => [Reflect.get(error, "code"), error.message]);
        await ctx.sleep("a while", "1 hour");
        return why;
      });
      const lab = new Lab([w]);
      const [code, message] = (await lab.result(await lab.start(w))) as string[];
      expect(code).toBe("E_TX_UNSUPPORTED");
      expect(message).toContain('Transaction "t" needs a run whose journal is in DynamoDB');
    },
  );
});
