// The one table (docs/design/protocol.md), in the shape that lib/schema.ts tells the runtime too.
import type { RemovalPolicy } from "aws-cdk-lib";
import {
  type Attribute,
  AttributeType,
  BillingMode,
  ProjectionType,
  Table,
  TableEncryption,
} from "aws-cdk-lib/aws-dynamodb";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { Construct } from "constructs";
import { type IndexDefinition, tableDefinition } from "../schema.ts";

export interface RunTableProps {
  readonly removalPolicy: RemovalPolicy;
  /** @default - a key that DynamoDB owns */
  readonly encryptionKey?: IKey | undefined;
}

export function createRunTable(
  scope: Construct,
  id: string,
  { removalPolicy, encryptionKey }: RunTableProps,
): Table {
  const { partitionKey, sortKey, timeToLiveAttribute, indexes } = tableDefinition;
  const table = new Table(scope, id, {
    partitionKey: attribute(partitionKey),
    sortKey: attribute(sortKey),
    timeToLiveAttribute,
    billingMode: BillingMode.PAY_PER_REQUEST,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    removalPolicy,
    ...(encryptionKey === undefined
      ? { encryption: TableEncryption.DEFAULT }
      : { encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey }),
  });
  for (const index of Object.values<IndexDefinition>(indexes)) {
    table.addGlobalSecondaryIndex({
      indexName: index.name,
      partitionKey: attribute(index.partitionKey),
      sortKey: attribute(index.sortKey),
      ...(index.nonKeyAttributes.length === 0
        ? { projectionType: ProjectionType.KEYS_ONLY }
        : { projectionType: ProjectionType.INCLUDE, nonKeyAttributes: [...index.nonKeyAttributes] }),
    });
  }
  return table;
}

function attribute({ name, type }: IndexDefinition["sortKey"]): Attribute {
  return { name, type: type === "S" ? AttributeType.STRING : AttributeType.NUMBER };
}
