// Plain values to DynamoDB's typed attributes and back. Bytes stay Uint8Array; what is undefined is left out.
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { UnreadableError } from "../engine/unreadable.ts";
import type { Item } from "./table.ts";

export type Attributes = Record<string, AttributeValue>;

export function toAttributes(item: Item): Attributes {
  return marshall(item, { removeUndefinedValues: true, convertTopLevelContainer: false });
}

/** @throws E_CORRUPT when a number of the item is none that JavaScript has */
export function fromAttributes(attributes: Attributes): Item {
  try {
    return unmarshall(attributes);
  } catch (cause) {
    const { pk, sk } = attributes;
    const what = `The item ${pk?.S} ${sk?.S} cannot be read: one of its numbers is too large.`;
    throw new UnreadableError("E_CORRUPT", what, { cause });
  }
}
