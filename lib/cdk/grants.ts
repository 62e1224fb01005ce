// What each function may do: the actions its code calls on the resources it calls them on, and nothing else. A new call
// in lib/aws needs a line here; the cloud suite does not show a missing one, because emulators do not ask.
//
//                    table                            bucket      sends to               receives from      schedules
//   activation       read, put, update                get, put    activation, steps      activation         set, delete
//   step handler     read, put, update                get, put    activation, its own    its own queue      -
//   api              read, put, update, list          get, put    activation             -                  -
//   sweeper          read, update, delete, due        list, delete         activation             -                  -
//   dead letters     read, put, update                put         activation, steps      dead letters       -
import type { Table } from "aws-cdk-lib/aws-dynamodb";
import type { IGrantable } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { Bucket } from "aws-cdk-lib/aws-s3";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { tableDefinition } from "../schema.ts";
import { allow } from "./allow.ts";
import type { TimerGroup } from "./timer-group.ts";

export interface Resources {
  readonly table: Table;
  readonly bucket: Bucket;
  readonly activationQueue: IQueue;
  readonly stepQueues: readonly IQueue[];
  readonly timers: TimerGroup;
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
  allow(grantee, [...READ, PUT, UPDATE], [table.tableArn]);
  allowBlobs(grantee, resources, [GET_BLOB, PUT_BLOB]);
  allowSending(grantee, [activationQueue, ...stepQueues]);
  allow(grantee, ["scheduler:CreateSchedule", "scheduler:DeleteSchedule"], [timers.schedulesArn]);
  allow(grantee, ["iam:PassRole"], [timers.role.roleArn]);
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
  allow(grantee, ["dynamodb:Query"], [indexArn(table, tableDefinition.indexes.list.name)]);
  allowBlobs(grantee, resources, [GET_BLOB, PUT_BLOB]);
  allowSending(grantee, [activationQueue]);
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

function allowKey(grantee: IGrantable, { encryptionKey }: Resources): void {
  encryptionKey?.grantEncryptDecrypt(grantee);
}
