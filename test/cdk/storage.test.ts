import { App, RemovalPolicy, Stack } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { Key } from "aws-cdk-lib/aws-kms";
import { describe, expect, it } from "vitest";
import { Perdure } from "../../lib/cdk/index.ts";
import { MAX_STEP_DELIVERIES, MAX_WAKE_UP_DELIVERIES } from "../../lib/limits.ts";
import { tableDefinition } from "../../lib/schema.ts";
import { resourcesOf, synth, WITHOUT_BUNDLING, WORKFLOWS } from "./synth.ts";

const QUEUE = "AWS::SQS::Queue";

describe("what is stored", () => {
  it("the table is paid by request, can be restored to any second, and has the keys and indexes of the schema", () => {
    const { partitionKey, sortKey, timeToLiveAttribute, indexes } = tableDefinition;
    const keys = (partition: string, sort: string) => [
      { AttributeName: partition, KeyType: "HASH" },
      { AttributeName: sort, KeyType: "RANGE" },
    ];
    synth().template.hasResourceProperties("AWS::DynamoDB::Table", {
      BillingMode: "PAY_PER_REQUEST",
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      TimeToLiveSpecification: { AttributeName: timeToLiveAttribute, Enabled: true },
      KeySchema: keys(partitionKey.name, sortKey.name),
      GlobalSecondaryIndexes: Object.values(indexes).map((index) =>
        Match.objectLike({
          IndexName: index.name,
          KeySchema: keys(index.partitionKey.name, index.sortKey.name),
        }),
      ),
    });
  });

  it("the bucket is private, encrypted, and reached over TLS only", () => {
    const { template } = synth();
    template.hasResourceProperties("AWS::S3::Bucket", {
      BucketEncryption: Match.objectLike({ ServerSideEncryptionConfiguration: Match.anyValue() }),
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    });
    template.hasResourceProperties("AWS::S3::BucketPolicy", { PolicyDocument: refusesPlainHttp("s3:*") });
  });

  it("every queue is encrypted, and reached over TLS only", () => {
    const { template } = synth();
    template.allResourcesProperties(QUEUE, { SqsManagedSseEnabled: true });
    template.allResourcesProperties("AWS::SQS::QueuePolicy", { PolicyDocument: refusesPlainHttp("sqs:*") });
    const policies = resourcesOf(template, "AWS::SQS::QueuePolicy");
    expect(policies).toHaveLength(resourcesOf(template, QUEUE).length);
  });

  it("each queue of work has dead letters after the deliveries that the engine counts on", () => {
    const counts = resourcesOf(synth().template, QUEUE).flatMap(
      ({ Properties: { RedrivePolicy: policy } }) =>
        policy === undefined ? [] : [(policy as { maxReceiveCount: number }).maxReceiveCount],
    );
    expect(new Set(counts)).toEqual(new Set([MAX_WAKE_UP_DELIVERIES, MAX_STEP_DELIVERIES]));
  });

  it("is encrypted with the user's key, all of it, when there is one", () => {
    const stack = new Stack(new App({ context: WITHOUT_BUNDLING }), "Test");
    const encryptionKey = new Key(stack, "Key");
    new Perdure(stack, "Perdure", { workflows: WORKFLOWS, encryptionKey });
    const template = Template.fromStack(stack);
    template.allResourcesProperties(QUEUE, { KmsMasterKeyId: Match.anyValue() });
    template.hasResourceProperties("AWS::DynamoDB::Table", {
      SSESpecification: { KMSMasterKeyId: Match.anyValue(), SSEEnabled: true, SSEType: "KMS" },
    });
    template.hasResourceProperties("AWS::S3::Bucket", {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          Match.objectLike({ ServerSideEncryptionByDefault: Match.objectLike({ SSEAlgorithm: "aws:kms" }) }),
        ],
      },
    });
  });

  it("table and bucket outlive the stack unless the user says otherwise", () => {
    for (const [removalPolicy, deletion] of [
      [undefined, "Retain"],
      [RemovalPolicy.DESTROY, "Delete"],
    ] as const) {
      const { template } = synth(removalPolicy === undefined ? {} : { removalPolicy });
      template.allResources("AWS::DynamoDB::Table", { DeletionPolicy: deletion });
      template.allResources("AWS::S3::Bucket", { DeletionPolicy: deletion });
    }
  });
});

function refusesPlainHttp(action: string) {
  return Match.objectLike({
    Statement: Match.arrayWith([
      Match.objectLike({
        Action: action,
        Effect: "Deny",
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      }),
    ]),
  });
}
