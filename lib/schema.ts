// The shape of the one table (docs/design/protocol.md): the names that the runtime writes and that the CDK construct must
// create. It imports nothing, because it is the only file that the `aws` and `cdk` rooms share: the two must be one version.

/** What partition keys of limits begin with. */
export const LIMIT_PREFIX = "LIMIT#";

interface KeyAttribute {
  readonly name: string;
  /** DynamoDB's letters: S is text, N a number. */
  readonly type: "S" | "N";
}

export interface IndexDefinition {
  readonly name: string;
  readonly partitionKey: KeyAttribute;
  readonly sortKey: KeyAttribute;
  /** Attributes an index carries besides the keys; empty means KEYS_ONLY. */
  readonly nonKeyAttributes: readonly string[];
}

export const tableDefinition = {
  partitionKey: { name: "pk", type: "S" },
  sortKey: { name: "sk", type: "S" },
  /**
   * Items that stand alone (callbacks) may carry it, in epoch seconds. No item of a run does: DynamoDB would drop META
   * and the journal in any order, and a run whose META went first could be started anew on top of its old journal.
   * Runs are deleted by lib/aws/retention.ts, META last.
   */
  timeToLiveAttribute: "ttl",
  indexes: {
    /** Runs of a workflow by start. Written when a run starts, stalls, revives and closes, and at no other time. */
    list: {
      name: "list",
      partitionKey: { name: "listPk", type: "S" },
      sortKey: { name: "listSk", type: "S" },
      nonKeyAttributes: ["outcome"],
    },
    /** When somebody has to look at a run: the sweeper at an open one (W4), retention at a closed one. */
    sweep: {
      name: "sweep",
      partitionKey: { name: "sweepPk", type: "S" },
      sortKey: { name: "sweepSk", type: "N" },
      nonKeyAttributes: [],
    },
  },
} as const satisfies {
  readonly partitionKey: KeyAttribute;
  readonly sortKey: KeyAttribute;
  readonly timeToLiveAttribute: string;
  readonly indexes: Readonly<Record<string, IndexDefinition>>;
};
