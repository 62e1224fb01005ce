// What is stored is believed only when it has the form that this version knows: what is damaged and what is of a newer version
// are told apart, because the one needs a person and the other a deployment.
import { describe, expect, it } from "vitest";
import { asCheckpoint, asFact, asNote, asRun, assertGapless } from "../../lib/engine/stored-forms.ts";
import type { Checkpoint } from "../../lib/ports/journal.ts";
import { aCheckpoint, aFact, anEntry, aRun, NOW } from "../conformance/samples.ts";

type Fields = Readonly<Record<string, unknown>>;
const { runId: _, ...RUN } = { ...aRun(), closedAt: undefined } as unknown as Fields;
const CLOSED = { ...RUN, status: "succeeded", closedAt: NOW };

const read = (what: "run" | "checkpoint" | "fact" | "note", value: unknown) => {
  const as = { run: asRun, checkpoint: asCheckpoint, fact: asFact, note: asNote }[what];
  return () => as(value, "the item");
};
const entry = (fields: Fields) => ({ ...aCheckpoint(), entries: [anEntry(), fields] });

describe("what is stored", () => {
  it("is read when it has its form, also with fields that only a newer version knows", () => {
    const more = { later: { is: "better" } };
    expect(read("run", { ...RUN, ...more })()).toMatchObject({ ...more });
    expect(read("run", { ...CLOSED, ...more })()).toMatchObject({ status: "succeeded" });
    expect(read("checkpoint", entry({ ...anEntry(), ...more }))()).toMatchObject({ entries: [{}, more] });
    expect(read("fact", { ...aFact(), ...more })()).toMatchObject(more);
  });

  it.each([
    ["a status", "run", { ...RUN, status: "resting" }],
    ["a type of an entry", "checkpoint", entry({ type: "step.dreamt", id: "a", at: NOW })],
    ["a kind of a fact", "fact", { ...aFact(), kind: "dream" }],
    ["an encoding", "fact", { ...aFact(), value: { encoding: "cbor", text: "" } }],
    ["an encoding in an entry", "checkpoint", entry({ ...anEntry(), value: { encoding: "cbor", text: "" } })],
  ] as const)("is of a newer version when it has %s that this one does not know", (_what, what, value) => {
    expect(read(what, value)).toThrow("E_NEWER_FORMAT");
  });

  it.each([
    ["is no record", "run", "META"],
    ["has no status", "run", { ...RUN, status: undefined }],
    ["has ended at no time", "run", { ...CLOSED, closedAt: undefined }],
    ["has a time at which it ended, and is open", "run", { ...RUN, closedAt: NOW }],
    ["has handled more causes than there were", "run", { ...RUN, wake: 1, handled: 2 }],
    ["has a fold that ends before it begins", "run", { ...RUN, folds: [{ from: 5, to: 4 }] }],
    ["has a fold that begins at no position", "run", { ...RUN, folds: [{ from: 0, to: 4 }] }],
    ["has folds in no order", "run", { ...RUN, folds: [8, 2].map((from) => ({ from, to: from + 1 })) }],
    ["has folds side by side", "run", { ...RUN, folds: [2, 4].map((from) => ({ from, to: from + 1 })) }],
    ["has no entries", "checkpoint", { ...aCheckpoint(), entries: [] }],
    ["has entries that are no list", "checkpoint", { ...aCheckpoint(), entries: { length: 1 } }],
    ["begins at no position", "checkpoint", { ...aCheckpoint(), first: 0 }],
    ["has an entry that is no record", "checkpoint", entry(null as unknown as Fields)],
    ["has an entry without a type", "checkpoint", entry({ id: "a", at: NOW })],
    ["has an entry without its id", "checkpoint", entry({ ...anEntry(), id: 7 })],
    ["has no kind", "fact", { ...aFact(), kind: undefined }],
    ["has no key", "fact", { ...aFact(), key: undefined }],
    ["has no value", "fact", { ...aFact(), value: undefined }],
    ["has half a value", "fact", { ...aFact(), value: { encoding: "json", blob: "b" } }],
    [
      "has an order that is none",
      "note",
      { name: "n", order: -1, at: NOW, value: { encoding: "json", text: "1" } },
    ],
  ] as const)("is damaged when it %s", (_what, what, value) => {
    expect(read(what, value)).toThrow("E_CORRUPT");
  });

  it("is told with its place, and with that of the entry in it", () => {
    expect(read("checkpoint", entry({ ...anEntry(), at: "noon" }))).toThrow(
      /the item, entry 2 cannot be read: it has no usable at/,
    );
  });
});

describe("a journal", () => {
  /** Checkpoints of two entries each. */
  const at = (...firsts: readonly number[]): readonly Checkpoint[] =>
    firsts.map((first) => aCheckpoint({ first, entries: [anEntry(), anEntry()] }));

  it.each([
    [[], []],
    [[1, 3, 5], []],
    [[7], [{ from: 1, to: 6 }]],
    [[1, 3, 9, 11], [{ from: 4, to: 8 }]],
    [
      [3, 7],
      [
        { from: 1, to: 2 },
        { from: 5, to: 6 },
      ],
    ],
    // What is folded may be there all the same.
    [[1, 3, 5], [{ from: 3, to: 4 }]],
  ])("is whole: %j with the folds %j", (firsts, folds) => {
    expect(() => assertGapless("r", at(...firsts), folds)).not.toThrow();
  });

  it.each([
    ["begins late", [3], []],
    ["has a gap", [1, 5], []],
    ["has an overlap", [1, 2], []],
    ["has a gap that a fold does not reach back over", [1, 7], [{ from: 4, to: 6 }]],
    ["has a gap that a fold does not fill", [1, 9], [{ from: 3, to: 6 }]],
    ["has a gap longer than its fold", [1, 7], [{ from: 3, to: 8 }]],
    ["has an overlap where a fold ends", [1, 2], [{ from: 1, to: 1 }]],
  ] as const)("is damaged when it %s: %j with the folds %j", (_what, firsts, folds) => {
    expect(() => assertGapless("r", at(...firsts), folds)).toThrow("E_CORRUPT");
  });
});
