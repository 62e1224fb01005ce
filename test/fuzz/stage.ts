// The engine on a real store whose items a test can spoil: SQLite, or DynamoDB as dynoxide speaks it. One worker, which
// takes messages one after the other, and a virtual clock; the sweeper goes round every hour.
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DeleteItemCommand, PutItemCommand, QueryCommand } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { createDynamoStore } from "../../lib/aws/dynamo-store.ts";
import {
  createRegistry,
  type Engine,
  handleDeadLetter,
  handleMessage,
  LOCAL_SETTINGS,
  sweep,
} from "../../lib/engine/index.ts";
import { silentLog } from "../../lib/local/console-log.ts";
import { createLocalPorts } from "../../lib/local/local-ports.ts";
import { type Database, openDatabase } from "../../lib/local/sqlite/database.ts";
import { VirtualClock } from "../../lib/local/virtual-clock.ts";
import type { Queue } from "../../lib/ports/queue.ts";
import type { RunStore, Store } from "../../lib/ports/store.ts";
import type { AnyWorkflow } from "../../lib/sdk/workflow.ts";

// biome-ignore lint/suspicious/noExplicitAny: an item of any form, which is what is tried
export type Spoilable = any;

/** The items of a run by name: META, J#<first>, I#<key>, N#<name>, U#<key>. Bytes are Uint8Array in each store. */
export interface Items {
  read(runId: string): Promise<Map<string, Spoilable>>;
  /** Without an item it is deleted. */
  write(runId: string, name: string, item: Spoilable): Promise<void>;
}

export interface Dynamo {
  readonly client: DynamoDBClient;
  readonly table: string;
  /** Of the test alone: the sweeper must not find the runs of others. */
  readonly namespace: string;
}

const SWEEP_EVERY_MS = 3_600_000;
const MAX_MESSAGES = 2_000;

export class Stage {
  readonly clock = new VirtualClock();
  readonly engine: Engine;
  readonly items: Items;
  readonly database: Database;
  /** Leases taken, by run. */
  readonly claims = new Map<string, number>();
  readonly #queues;

  constructor(workflows: readonly AnyWorkflow[], dynamo?: Dynamo) {
    this.database = openDatabase(":memory:");
    const { ports, queues } = createLocalPorts(this.database, this.clock, silentLog);
    const store: Store =
      dynamo === undefined ? ports.store : createDynamoStore({ ...dynamo, tableName: dynamo.table });
    const runs: RunStore = new Proxy(store.runs, {
      get: (target, key) =>
        key === "claim" ? this.#claim(target) : Reflect.get(target, key)?.bind?.(target),
    });
    this.engine = {
      ports: { ...ports, store: { ...store, runs, journal: store.journal, index: store.index } },
      registry: createRegistry(workflows),
      settings: LOCAL_SETTINGS,
    };
    this.items = dynamo === undefined ? sqliteItems(this.database) : dynamoItems(dynamo.client, dynamo.table);
    this.#queues = queues;
  }

  /** Handles all that comes within a span of virtual time. @throws when that never ends */
  async pass(ms: number): Promise<void> {
    const end = this.clock.now() + ms;
    const { activations, steps, deadLetters } = this.#queues;
    let nextSweepAt = this.clock.now() + SWEEP_EVERY_MS;
    for (let handled = 0; handled < MAX_MESSAGES; ) {
      const took =
        (await this.#take(activations, false)) +
        (await this.#take(steps, false)) +
        (await this.#take(deadLetters, true));
      handled += took;
      if (took > 0) continue;
      const times = [activations, steps, deadLetters].map((queue) => queue.nextVisibleAt() ?? end);
      const next = Math.min(nextSweepAt, end, ...times);
      await this.clock.advance(next - this.clock.now());
      if (this.clock.now() >= end) return;
      if (this.clock.now() < nextSweepAt) continue;
      nextSweepAt += SWEEP_EVERY_MS;
      await sweep(this.engine);
    }
    throw new Error(
      `${MAX_MESSAGES} messages were handled and there are more: something goes round for ever`,
    );
  }

  async #take(queue: Queue, areDead: boolean): Promise<number> {
    const { visibilityMs } = this.engine.settings;
    const deliveries = await queue.receive({ max: 10, visibilityMs, waitMs: 0 });
    for (const { body, receipt, receiveCount } of deliveries) {
      const host = {
        remainingMs: () => Number.POSITIVE_INFINITY,
        extend: async (forMs: number) => await queue.extend(receipt, forMs),
        receiveCount,
      };
      const handling = areDead ? handleDeadLetter(this.engine, body) : handleMessage(this.engine, body, host);
      // Like a worker: what could not be handled comes back by itself.
      const disposition = await handling.catch(() => ({ done: false, retryInMs: visibilityMs }) as const);
      if (disposition.done) await queue.remove(receipt);
      else await queue.extend(receipt, disposition.retryInMs);
    }
    return deliveries.length;
  }

  #claim(target: RunStore): RunStore["claim"] {
    return async (request) => {
      const answer = await target.claim(request);
      if (answer.ok) this.claims.set(request.runId, (this.claims.get(request.runId) ?? 0) + 1);
      return answer;
    };
  }
}

function sqliteItems(database: Database): Items {
  const revive = (_name: string, value: Spoilable) =>
    typeof value?.$bytes === "string" ? new Uint8Array(Buffer.from(value.$bytes, "base64")) : value;
  const toText = (item: Spoilable) =>
    typeof item === "string"
      ? item
      : JSON.stringify(item, function (this: Spoilable, name, value: Spoilable) {
          const bytes = this[name];
          return bytes instanceof Uint8Array ? { $bytes: Buffer.from(bytes).toString("base64") } : value;
        });
  const TABLES = [
    ["META", "run", "''"],
    ["J#", "checkpoint", "first"],
    ["I#", "fact", "key"],
    ["N#", "note", "name"],
    ["U#", "retired_fact", "key"],
  ] as const;
  return {
    async read(runId) {
      const items = new Map<string, Spoilable>();
      for (const [prefix, table, column] of TABLES) {
        const rows = database
          .prepare(`SELECT ${column} AS name, doc FROM ${table} WHERE run_id = ?`)
          .all(runId);
        for (const row of rows) items.set(`${prefix}${row["name"]}`, JSON.parse(String(row["doc"]), revive));
      }
      return items;
    },
    async write(runId, name, item) {
      const [prefix, table, column] = TABLES.find(([start]) => name.startsWith(start)) ?? TABLES[0];
      const rest = name.slice(prefix.length);
      const id = table === "checkpoint" ? Number(rest) : rest;
      const where = `run_id = ? AND ${column} = ?`;
      if (item === undefined) {
        database.prepare(`DELETE FROM ${table} WHERE ${where}`).run(runId, id);
        return;
      }
      const { changes } = database
        .prepare(`UPDATE ${table} SET doc = ? WHERE ${where}`)
        .run(toText(item), runId, id);
      if (changes === 1) return;
      const columns = table === "fact" ? "run_id, key, at, doc" : "run_id, first, doc";
      const values =
        table === "fact" ? [runId, id, Number(item.at), toText(item)] : [runId, id, toText(item)];
      const marks = values.map(() => "?").join(", ");
      database.prepare(`INSERT INTO ${table} (${columns}) VALUES (${marks})`).run(...values);
    },
  };
}

function dynamoItems(client: DynamoDBClient, table: string): Items {
  const nameOf = (sk: string) => sk.replace(/^J#0+/, "J#");
  const keyOf = (runId: string, name: string) => ({
    pk: { S: `RUN#${runId}` },
    sk: { S: name.startsWith("J#") ? `J#${name.slice(2).padStart(10, "0")}` : name },
  });
  return {
    async read(runId) {
      const { Items = [] } = await client.send(
        new QueryCommand({
          TableName: table,
          KeyConditionExpression: "pk = :pk",
          ExpressionAttributeValues: { ":pk": { S: `RUN#${runId}` } },
          ConsistentRead: true,
        }),
      );
      return new Map(
        Items.map((attributes) => {
          const { pk: _pk, sk, ...item } = unmarshall(attributes);
          return [nameOf(String(sk)), item];
        }),
      );
    },
    async write(runId, name, item) {
      const Key = keyOf(runId, name);
      if (item === undefined) await client.send(new DeleteItemCommand({ TableName: table, Key }));
      else {
        const attributes = marshall(item, { removeUndefinedValues: true, convertTopLevelContainer: false });
        await client.send(new PutItemCommand({ TableName: table, Item: { ...attributes, ...Key } }));
      }
    },
  };
}
