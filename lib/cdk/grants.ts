// What each function may do: the actions its code calls on the resources it calls them on, and nothing else. A new call
// in lib/aws needs a line here; the cloud suite does not show a missing one, because emulators do not ask.
//
// Besides that an activation writes to the tables of the user's that `transactTables` names, and it and the api, which
// ends runs that are terminated, put events on the bus: whoever closes a run first sends what its journal vouches for.
//
//                    table                            bucket      sends to               receives from      schedules
//   activation       read, put, update, delete        get, put    activation, steps      activation         set, delete
//   step handler     read, put, update                get, put    activation, its own    its own queue      -
//   api              read, put, update, delete, list  get, put    activation             -                  -
//   sweeper          read, update, delete, due        list, delete         activation             -                  -
//   dead letters     read, put, update                put         activation, steps      dead letters       -
//
// What the api deletes are items of limits only: runs that are terminated, and starters that died, leave them.
import type { ITable, Table } from "aws-cdk-lib/aws-dynamodb";
import type { IEventBus } from "aws-cdk-lib/aws-events";
import type { IGrantable } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { Bucket } from "aws-cdk-lib/aws-s3";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { LIMIT_PREFIX, tableDefinition } from "../schema.ts";
import { allow } from "./allow.ts";
import type { TimerGroup } from "./timer-group.ts";

export interface Resources {
  readonly table: Table;
  readonly bucket: Bucket;
  readonly activationQueue: IQueue;
  readonly stepQueues: readonly IQueue[];
  readonly timers: TimerGroup;
  readonly eventBus: IEventBus;
  /** Of the user's. */
  readonly transactTables: readonly ITable[];
  readonly encryptionKey: IKey | undefined;
}

const READ = ["dynamodb:GetItem", "dynamodb:Query"];
const PUT = "dynamodb:PutItem";
const UPDATE = "dynamodb:UpdateItem";
const DELETE = "dynamodb:DeleteItem";
const GET_BLOB = "s3:GetObject";
const PUT_BLOB = "s3:PutObject";

export function grantActivation(grantee: IGrantable, resources: Resources): void {
  const { table, activationQueue, stepQueues, timers } = resources;
  allow(grantee, [...READ, PUT, UPDATE, DELETE], [table.tableArn]);
  allowBlobs(grantee, resources, [GET_BLOB, PUT_BLOB]);
  allowSending(grantee, [activationQueue, ...stepQueues]);
  allow(grantee, ["scheduler:CreateSchedule", "scheduler:DeleteSchedule"], [timers.schedulesArn]);
  allow(grantee, ["iam:PassRole"], [timers.role.roleArn]);
  allowEvents(grantee, resources);
  allowTransactions(grantee, resources);
  allowKey(grantee, resources);
}

export function grantStepHandler(grantee: IGrantable, resources: Resources, ownQueue: IQueue): void {
  allow(grantee, [...READ, PUT, UPDATE], [resources.table.tableArn]);
  allowBlobs(grantee, resources, [GET_BLOB, PUT_BLOB]);
  allowSending(grantee, [resources.activationQueue, ownQueue]);
  allowKey(grantee, resources);
}

export function grantApi(grantee: IGrantable, resources: Resources): void {
  const { table, activationQueue } = resources;
  allow(grantee, [...READ, PUT, UPDATE, "dynamodb:BatchGetItem"], [table.tableArn]);
  allow(grantee, [DELETE], [table.tableArn], {
    "ForAllValues:StringLike": { "dynamodb:LeadingKeys": [`${LIMIT_PREFIX}*`] },
  });
  allow(grantee, ["dynamodb:Query"], [indexArn(table, tableDefinition.indexes.list.name)]);
  allowBlobs(grantee, resources, [GET_BLOB, PUT_BLOB]);
  allowSending(grantee, [activationQueue]);
  allowEvents(grantee, resources);
  allowKey(grantee, resources);
}

export function grantSweeper(grantee: IGrantable, resources: Resources): void {
  const { table, activationQueue } = resources;
  allow(grantee, [...READ, UPDATE, DELETE], [table.tableArn]);
  allow(grantee, ["s3:ListBucket"], [resources.bucket.bucketArn]);
  allowBlobs(grantee, resources, ["s3:DeleteObject"]);
  allow(grantee, ["dynamodb:Query"], [indexArn(table, tableDefinition.indexes.sweep.name)]);
  allowSending(grantee, [activationQueue]);
  allowKey(grantee, resources);
}

export function grantDeadLetterHandler(grantee: IGrantable, resources: Resources): void {
  const { table, activationQueue, stepQueues } = resources;
  allow(grantee, [...READ, PUT, UPDATE], [table.tableArn]);
  allowBlobs(grantee, resources, [PUT_BLOB]);
  allowSending(grantee, [activationQueue, ...stepQueues]);
  allowKey(grantee, resources);
}

function indexArn(table: Table, index: string): string {
  return `${table.tableArn}/index/${index}`;
}

function allowBlobs(grantee: IGrantable, { bucket }: Resources, actions: readonly string[]): void {
  allow(grantee, actions, [bucket.arnForObjects("blobs/*")]);
}

function allowSending(grantee: IGrantable, queues: readonly IQueue[]): void {
  allow(
    grantee,
    ["sqs:SendMessage"],
    queues.map((queue) => queue.queueArn),
  );
}

function allowEvents(grantee: IGrantable, { eventBus }: Resources): void {
  allow(grantee, ["events:PutEvents"], [eventBus.eventBusArn]);
}

/** A transaction needs no permission of its own, only those of its writes. */
function allowTransactions(grantee: IGrantable, { transactTables }: Resources): void {
  allow(
    grantee,
    [PUT, UPDATE, DELETE, "dynamodb:ConditionCheckItem"],
    transactTables.map((table) => table.tableArn),
  );
  for (const { encryptionKey } of transactTables) encryptionKey?.grantEncryptDecrypt(grantee);
}

function allowKey(grantee: IGrantable, { encryptionKey }: Resources): void {
  encryptionKey?.grantEncryptDecrypt(grantee);
}
