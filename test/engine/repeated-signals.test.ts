// A signal that is put once more after it was taken and used up, by a sender who did not hear that it had been: it is no news,
// it keeps nothing else waiting, and it leaves the inbox again.
import { describe, expect, it } from "vitest";
import type { Fact } from "../../lib/ports/journal.ts";
import { workflow } from "../../lib/sdk/index.ts";
import { type Fate, Lab } from "./lab.ts";
import { unlessPlain } from "./modes.ts";

const HOUR_MS = 3_600_000;
/** Looks at one signal in one activation. */
const MAX_LOOKS = 10;

const collect = workflow("collect", async (ctx) =>
  ctx.loop("l", [] as readonly unknown[], async (c, seen) => {
    const more = [...seen, await c.waitForSignal("item")];
    await c.sleep("rest", "1 hour");
    return more.length === 3 ? { done: more } : { next: more };
  }),
);

/** A run that has taken `a`, and waits for more. Answers what its sender may put again. */
async function waiting(lab: Lab): Promise<{ readonly runId: string; readonly double: Fact }> {
  const runId = await lab.start(collect);
  await lab.signal(runId, "item", "a", "a");
  const [double] = await lab.store.journal.facts(runId);
  if (double === undefined) throw new Error("the signal is not in the inbox");
  await lab.pass(2 * HOUR_MS);
  const { status, folds } = await lab.run(runId);
  expect([status, folds]).toEqual(["suspended", [{ from: 1, to: 3 }]]);
  expect(await lab.store.journal.facts(runId)).toEqual([]);
  return { runId, double };
}

describe("a signal that comes again after it was used up", () => {
  it("is not taken, and does not keep the one behind it waiting", async () => {
    const lab = new Lab([collect], { sweepEveryMs: "never" });
    const { runId, double } = await waiting(lab);
    let looks = 0;
    lab.watch = ({ method }): Fate => {
      if (method === "retired") looks += 1;
      if (looks > MAX_LOOKS) throw new Error("looked at again and again");
      return "go on";
    };
    await lab.store.journal.putFact(runId, double);
    await lab.signal(runId, "item", "b", "b");
    await lab.settle();
    const taken = (await lab.entries(runId)).flatMap((entry) => ("fact" in entry ? [entry.id] : []));
    expect(taken).toEqual(["l/0/item", "l/1/item"]);
    await lab.signal(runId, "item", "c", "c");
    expect(await lab.result(runId)).toEqual(["a", "b", "c"]);
  });

  it("leaves the inbox with the activation that has seen it, although no turn has ended", async () => {
    const lab = new Lab([collect]);
    const { runId, double } = await waiting(lab);
    await lab.store.journal.putFact(runId, double);
    await lab.signal(runId, "of no interest");
    await lab.settle();
    const left = await lab.store.journal.facts(runId);
    expect(left.map((fact) => fact.kind === "signal" && fact.signal)).toEqual(["of no interest"]);
    expect(await lab.store.journal.retired(runId, double.key)).toEqual(double);
  });

  it.skipIf(unlessPlain("it counts exact calls"))(
    "is all that is looked for among the used-up, and only by runs that leave something out",
    async () => {
      const lab = new Lab([collect]);
      const runId = await lab.start(collect);
      await lab.signal(runId, "item", "a", "a");
      await lab.pass(HOUR_MS / 2);
      expect(lab.counts.get("journal.retired")).toBeUndefined();
      await lab.pass(HOUR_MS);
      expect(lab.counts.get("journal.retire")).toBe(1);
      await lab.signal(runId, "of no interest");
      await lab.settle();
      expect(lab.counts.get("journal.retire")).toBe(1);
      expect(lab.counts.get("journal.retired")).toBeUndefined();
      await lab.signal(runId, "item", "b", "b");
      await lab.settle();
      expect(lab.counts.get("journal.retired")).toBe(1);
    },
  );
});
