// What makes the store of a laboratory a DynamoDB table. Requests travel in real time: virtual time stands still until
// they are answered. Calls are made one at a time, so that the same calls give the same course.
import { randomUUID } from "node:crypto";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { createDynamoStore } from "../../lib/aws/dynamo-store.ts";
import type { Store } from "../../lib/ports/store.ts";
import type { LaboratoryOptions } from "../../lib/testing/laboratory.ts";
import { createTable } from "../aws/create-table.ts";

/** A namespace of its own in the table. */
export function onTable(client: DynamoDBClient, tableName: string) {
  const store = createDynamoStore({ client, tableName, namespace: randomUUID() });
  // The sweeper asks every shard of its index, and nothing here needs it.
  return { sweepEveryMs: "never", ...inRealTime(async () => store) } satisfies LaboratoryOptions;
}

/** A table of its own, made at the first request, whose queries are answered in pages of so many items. */
export function onNewTable(client: () => DynamoDBClient, pageItems: number) {
  let made: Promise<Store> | undefined;
  const make = async () => {
    const tableName = `runs-${randomUUID()}`;
    await createTable(client(), tableName);
    return createDynamoStore({ client: client(), tableName, pageItems });
  };
  return inRealTime(() => {
    made ??= make();
    return made;
  });
}

function inRealTime(store: () => Promise<Store>) {
  const line = new Line();
  const port = <Name extends keyof Store>(name: Name): Store[Name] =>
    inLine(line, async () => (await store())[name]);
  return {
    store: { runs: port("runs"), journal: port("journal"), index: port("index"), limits: port("limits") },
    outsideWork: () => line.toItsEnd(),
  } satisfies LaboratoryOptions;
}

function inLine<Port extends Store[keyof Store]>(line: Line, port: () => Promise<Port>): Port {
  const call = async (key: string | symbol, args: readonly unknown[]) => {
    const target: object = await port();
    const method: (...all: readonly unknown[]) => unknown = Reflect.get(target, key);
    return await Reflect.apply(method, target, args);
  };
  // A method that a test has put there goes before.
  return new Proxy({} as Port, {
    get: (own, key) =>
      Reflect.get(own, key) ?? ((...args: unknown[]) => line.next(async () => await call(key, args))),
  });
}

/** Calls that wait for each other. */
class Line {
  #length = 0;
  #last: Promise<unknown> = Promise.resolve();

  next<T>(call: () => Promise<T>): Promise<T> {
    this.#length += 1;
    const answer = this.#last.then(call).finally(() => {
      this.#length -= 1;
    });
    this.#last = answer.catch(() => {});
    return answer;
  }

  /** Nothing when nobody is in it. */
  toItsEnd(): Promise<unknown> | undefined {
    return this.#length === 0 ? undefined : this.#last;
  }
}
