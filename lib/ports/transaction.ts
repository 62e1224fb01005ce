// The user's writes that ride in a checkpoint: either all of them and the checkpoint are there, or nothing is.
// In the words of DynamoDB, whose transactions these are; values are plain JavaScript.

type Plain = Readonly<Record<string, unknown>>;

interface Conditional {
  /** Condition expression. */
  readonly condition?: string;
  /** What stands for the names with `#` in the expressions: `{ "#n": "name" }`. */
  readonly names?: Readonly<Record<string, string>>;
  /** What stands for the values with `:` in the expressions: `{ ":one": 1 }`. */
  readonly values?: Plain;
}

interface OfItem extends Conditional {
  readonly table: string;
  readonly key: Plain;
}

/** One write of a transaction. */
export type TransactionWrite =
  /** Puts an item, in place of one that is there. */
  | { readonly put: Conditional & { readonly table: string; readonly item: Plain } }
  /** Changes an item; `update` is an update expression like `ADD #count :one`. */
  | { readonly update: OfItem & { readonly update: string } }
  | { readonly delete: OfItem }
  /** Writes nothing; the transaction only happens when the condition holds. */
  | { readonly check: OfItem & { readonly condition: string } };

/** Why one write of a transaction was refused. */
export interface WriteRefusal {
  /** Place in the list of writes, from 0. Absent when the transaction was refused as a whole. */
  readonly write?: number;
  /** DynamoDB's word: `ConditionalCheckFailed`, `ValidationError`, `ItemCollectionSizeLimitExceeded`. */
  readonly code: string;
  readonly message: string;
}
