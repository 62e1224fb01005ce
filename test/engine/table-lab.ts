// A lab whose store is a DynamoDB table, and tables of an author's beside it.
import { randomUUID } from "node:crypto";
import { type DynamoDBClient, GetItemCommand, PutItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type { AnyWorkflow } from "../../lib/sdk/workflow.ts";
import { createItemTable } from "../aws/create-table.ts";
import { Lab, type LabOptions } from "./lab.ts";
import { onTable } from "./on-table.ts";

export class TableLab extends Lab {
  readonly #key = randomUUID();
  #starts = 0;

  /** Every lab has a namespace and run ids of its own: many may share the table. */
  constructor(
    client: DynamoDBClient,
    tableName: string,
    workflows: readonly AnyWorkflow[],
    options: LabOptions = {},
  ) {
    super(workflows, { ...onTable(client, tableName), ...options });
  }

  override async start(workflow: AnyWorkflow | string, input: unknown = {}): Promise<string> {
    this.#starts += 1;
    return await super.start(workflow, input, `${this.#key} ${this.#starts}`);
  }
}

/** A table of an author's, with the key `id`. */
export class Items {
  readonly name = `items-${randomUUID()}`;
  readonly #client: DynamoDBClient;

  constructor(client: DynamoDBClient) {
    this.#client = client;
  }

  async create(): Promise<this> {
    await createItemTable(this.#client, this.name);
    return this;
  }

  async put(item: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#client.send(new PutItemCommand({ TableName: this.name, Item: marshall(item) }));
  }

  async get(id: string): Promise<Readonly<Record<string, unknown>> | undefined> {
    const request = { TableName: this.name, Key: { id: { S: id } }, ConsistentRead: true };
    const { Item: item } = await this.#client.send(new GetItemCommand(request));
    return item === undefined ? undefined : unmarshall(item);
  }

  async count(): Promise<number> {
    const request = { TableName: this.name, ConsistentRead: true };
    return (await this.#client.send(new ScanCommand(request))).Count ?? 0;
  }
}
