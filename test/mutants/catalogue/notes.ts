// Notes: of each name only the latest counts, whatever the order in which they arrive (the stores).
import type { Area } from "../mutant.ts";

export const notes: Area = [
  {
    name: "memory: an older note overwrites a newer one",
    invariant: "code",
    why: "progress goes backwards",
    file: "lib/local/memory-journal.ts",
    find: "if (standing === undefined || standing.order < note.order)",
    replace: "if (note !== undefined)",
    noticedIn: ["test/local/memory-store.test.ts"],
  },
  {
    name: "sqlite: an older note overwrites a newer one",
    invariant: "code",
    why: "progress goes backwards",
    file: "lib/local/sqlite/sqlite-journal.ts",
    find: "doc = excluded.doc WHERE ord < excluded.ord",
    replace: "doc = excluded.doc",
    noticedIn: ["test/local/sqlite-store.test.ts"],
  },
  {
    name: "dynamodb: an older note overwrites a newer one",
    invariant: "code",
    why: "progress goes backwards",
    file: "lib/aws/dynamo-journal.ts",
    find: '"attribute_not_exists(#order) OR #order < :order"',
    replace: '"attribute_not_exists(#order) OR #order < :order OR #order >= :order"',
    noticedIn: ["test/aws/dynamo-store.test.ts"],
  },
];
