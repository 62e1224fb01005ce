// Limits of several kinds on one workflow, and limits that a deployment changes over runs in flight.
import { describe, expect, it } from "vitest";
import { startRun } from "../../lib/engine/index.ts";
import type { FlowControlOptions } from "../../lib/sdk/flow-control.ts";
import { a, b, byCustomer, expectEmpty, Inside, startAll, startInTurn, statuses, WHOLE } from "./inside.ts";
import { Lab } from "./lab.ts";

const HOUR_MS = 3_600_000;

function labOf(options: FlowControlOptions) {
  const inside = new Inside();
  return { inside, lab: new Lab([inside.workflow(options)], { sweepEveryMs: "never" }) };
}

describe("several limits of one workflow", () => {
  it("a singleton that cancels the other ends nobody whom it only meets at a limit", async () => {
    const { inside, lab } = labOf({
      singleton: { onConflict: "cancel-other", key: byCustomer },
      concurrency: { limit: 1 },
    });
    const [first = "", second = "", third = ""] = await startInTurn(lab, [a, b, { customer: "c" }]);
    for (const runId of [first, second, third]) expect(await lab.result(runId)).toBe(runId);
    expect(inside.order).toEqual([first, second, third]);
    await expectEmpty(lab, WHOLE, "orders/s/a", "orders/s/b", "orders/s/c");
  });

  it("a rate counts for runs that are to begin later as for any other", async () => {
    const { inside, lab } = labOf({ rate: { limit: 1, per: "1 hour" } });
    const startAt = new Date(lab.clock.now() + HOUR_MS);
    for (const runId of ["one", "two"])
      await startRun(lab.engine, { workflow: "orders", input: 1, runId, startAt });
    await lab.pass(HOUR_MS);
    expect(inside.order).toHaveLength(1);
    await lab.pass(HOUR_MS - 1);
    expect(inside.order).toHaveLength(1);
    await lab.pass(1);
    expect(inside.order).toHaveLength(2);
  });
});

describe("a deployment that", () => {
  it("takes a rate away lets go on who had a place far away, once it is woken", async () => {
    const { inside, lab } = labOf({ rate: { limit: 1, per: "1 hour" } });
    const [first = "", second = ""] = await startInTurn(lab, [1, 2]);
    lab.deploy(inside.workflow({}));
    await lab.signal(second, "hurry");
    await lab.settle();
    expect(inside.order).toEqual([first, second]);
  });

  it("brings a rate holds back nobody who was started before", async () => {
    const { inside, lab } = labOf({ concurrency: { limit: 5 } });
    await startAll(lab, [1, 2]);
    lab.deploy(inside.workflow({ concurrency: { limit: 5 }, rate: { limit: 1, per: "1 hour" } }));
    await lab.settle();
    expect(inside.order).toHaveLength(2);
  });

  it.each([
    ["a singleton", { singleton: { onConflict: "wait" } }, "orders/s/"],
    ["a limit with a key", { concurrency: { limit: 1, key: () => "any" } }, "orders/k/any"],
  ] as const)(
    "takes %s away lets go on who comes next, beside the run that is there",
    async (_, limit, name) => {
      const { inside, lab } = labOf(limit);
      const [first = ""] = await startInTurn(lab, [1]);
      const second = await lab.start("orders", 2);
      lab.deploy(inside.workflow({}));
      await lab.settle();
      expect(inside.order).toEqual([first, second]);
      await lab.result(second);
      expect(await statuses(lab, [first, second])).toEqual(["succeeded", "succeeded"]);
      await expectEmpty(lab, name);
    },
  );
});
