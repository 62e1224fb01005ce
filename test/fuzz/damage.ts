// Ways in which what is stored can be wrong, as changes of one item. The run they are done to has an input of its own
// item, three recorded steps (small in J#1, compressed in J#2, in the blob store in J#3), and waits for a signal.
import type { UnreadableCode } from "../../lib/engine/unreadable.ts";
import type { Spoilable } from "./stage.ts";

export interface Damage {
  /** Name of the item, `I#` standing for the one that holds the input. */
  readonly item: string;
  /** Changes a copy of the item, or gives what stands in its place; `null` deletes it. */
  readonly spoil: (item: Spoilable) => Spoilable;
  readonly code: UnreadableCode;
  /** Only META's `lastSeq` tells, which a retry forgets: whoever retries takes what is left for the whole. */
  readonly isOnlyKnownToMeta?: true;
  /** No condition of DynamoDB sees it: META is found to be unreadable by the claim that has just been written. */
  readonly isDeep?: true;
}

const corrupt = (item: string, spoil: Damage["spoil"]): Damage => ({ item, spoil, code: "E_CORRUPT" });
const newer = (item: string, spoil: Damage["spoil"]): Damage => ({ item, spoil, code: "E_NEWER_FORMAT" });
/** Of a path with dots; without a value it is deleted. */
export const set =
  (path: string, value: Spoilable): Damage["spoil"] =>
  (item) => {
    const keys = path.split(".");
    const last = keys.pop() ?? "";
    const holder = keys.reduce((inner, key) => inner[key], item);
    if (value === undefined) delete holder[last];
    else holder[last] = value;
  };
const deleted: Damage["spoil"] = () => null;

/** The run stalls. */
export const JOURNAL_DAMAGE: Readonly<Record<string, Damage>> = {
  "a fold of what replay needs": corrupt("META", set("folds", [{ from: 1, to: 2 }])),
  "a checkpoint without entries": corrupt("J#1", set("entries", undefined)),
  "a checkpoint whose list of entries is empty": corrupt("J#1", set("entries", [])),
  "a checkpoint whose entries are text": corrupt("J#1", set("entries", "none")),
  "a checkpoint without a mark": corrupt("J#1", set("mark", undefined)),
  "a checkpoint whose fence is text": corrupt("J#2", set("fence", "1")),
  "a checkpoint whose fence is negative": corrupt("J#2", set("fence", -1)),
  "a checkpoint of a fence that no lease has had": corrupt("J#3", set("fence", 999)),
  "a checkpoint whose time is none": corrupt("J#2", set("at", "yesterday")),
  "an entry that is null": corrupt("J#2", set("entries.0", null)),
  "an entry that is a list": corrupt("J#2", set("entries.0", [])),
  "an entry without a type": corrupt("J#2", set("entries.0.type", undefined)),
  "an entry whose type is a number": corrupt("J#2", set("entries.0.type", 7)),
  "an entry without an id": corrupt("J#2", set("entries.0.id", undefined)),
  "an entry without a value": corrupt("J#2", set("entries.0.value", undefined)),
  "an entry of attempt zero": corrupt("J#2", set("entries.0.attempt", 0)),
  "an entry at the end of all days": corrupt("J#2", set("entries.0.at", 9e15)),
  "a value without text": corrupt("J#1", set("entries.0.value", { encoding: "json" })),
  "a value that is not JSON": corrupt("J#1", set("entries.0.value", { encoding: "json", text: '{"a":' })),
  "a value that is empty": corrupt("J#1", set("entries.0.value", { encoding: "json", text: "" })),
  "a value that the codec never wrote": corrupt(
    "J#1",
    set("entries.0.value", { encoding: "devalue", text: '[["Map",7]]' }),
  ),
  "a value of a class that the codec does not have": corrupt(
    "J#1",
    set("entries.0.value", { encoding: "devalue", text: '[["Money",1],5]' }),
  ),
  "a value whose cycle never ends": corrupt(
    "J#1",
    set("entries.0.value", { encoding: "devalue", text: '[["Error",0]]' }),
  ),
  "a compressed value that was cut": corrupt("J#2", (item) => {
    const { value } = item.entries[0];
    value.gzip = value.gzip.slice(0, -9);
  }),
  "a compressed value with a bit changed": corrupt("J#2", (item) => {
    const { value } = item.entries[0];
    value.gzip = value.gzip.with(20, (value.gzip[20] ?? 0) ^ 1);
  }),
  "a compressed value of no bytes": corrupt("J#2", set("entries.0.value.gzip", new Uint8Array())),
  "a blob of no such name": corrupt("J#3", set("entries.0.value.blob", "run/nowhere")),
  "a blob whose name is a number": corrupt("J#3", set("entries.0.value.blob", 7)),
  "a checkpoint that is gone from the middle": corrupt("J#2", deleted),
  "a checkpoint that is gone from the beginning": corrupt("J#1", deleted),
  "a checkpoint that is gone from the end": { ...corrupt("J#3", deleted), isOnlyKnownToMeta: true },
  "a checkpoint that overlaps the next": corrupt("J#1", (item) => {
    item.entries.push(item.entries[0]);
    if ("n" in item) item.n = 2;
  }),
  "an end in the middle": corrupt("J#2", (item) => {
    item.entries[0] = { type: "run.succeeded", at: item.at, value: { encoding: "json", text: "1" } };
  }),
  "an input without a value": corrupt("I#", set("value", undefined)),
  "an input without a time": corrupt("I#", set("at", undefined)),
  "an input that is gone": corrupt("I#", deleted),
  "an input that is a signal": corrupt("I#", (item) => {
    item.kind = "signal";
    item.signal = "word";
  }),
  "an input that cannot be read": corrupt("I#", set("value", { encoding: "json", text: "{" })),
  "an entry of a newer kind": newer("J#2", set("entries.0.type", "step.paused")),
  "a fact of a newer kind": newer("I#", set("kind", "telegram")),
  "a value of a newer encoding": newer("J#1", set("entries.0.value", { encoding: "cbor", text: "a0" })),
  "a position that the journal has not reached": corrupt("META", set("lastSeq", 1_000_000)),
};

/** Nobody can work on the run, and requests say why. */
export const META_DAMAGE: Readonly<Record<string, Damage>> = {
  "a fence that is text": corrupt("META", set("fence", "1")),
  "a fence that is negative": corrupt("META", set("fence", -3)),
  "a count of causes that is gone": corrupt("META", set("wake", undefined)),
  "more causes handled than there were": corrupt("META", set("handled", 1_000_000)),
  "a number of failures that is text": corrupt("META", set("fails", "many")),
  "waits that are gone": corrupt("META", set("waits", undefined)),
  "a wait that is null": { ...corrupt("META", set("waits", [null])), isDeep: true },
  "an input that is null": corrupt("META", set("input", null)),
  "an input that is neither here nor elsewhere": { ...corrupt("META", set("input", {})), isDeep: true },
  "a creation at the end of all days": corrupt("META", set("createdAt", 9e15)),
  "a workflow that is a number": corrupt("META", set("workflow", 7)),
  "a timer without a time": { ...corrupt("META", set("timer", { name: "t" })), isDeep: true },
  "folds that are no list": { ...corrupt("META", set("folds", {})), isDeep: true },
  "a fold that ends before it begins": {
    ...corrupt("META", set("folds", [{ from: 2, to: 1 }])),
    isDeep: true,
  },
  "a status that is a number": corrupt("META", set("status", 7)),
  "an end without a status of one": corrupt("META", set("closedAt", 1_000)),
  "a status of an end without one": corrupt("META", set("status", "succeeded")),
  "a status of a newer kind": newer("META", set("status", "hibernating")),
};
