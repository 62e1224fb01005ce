// Plain values to DynamoDB's typed attributes and back. Bytes stay Uint8Array; what is undefined is left out.
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type { Item } from "./table.ts";

export type Attributes = Record<string, AttributeValue>;

export function toAttributes(item: Item): Attributes {
  return marshall(item, { removeUndefinedValues: true, convertTopLevelContainer: false });
}

export function fromAttributes(attributes: Attributes): Item {
  return unmarshall(attributes);
}
