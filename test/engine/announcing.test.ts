// The order in which a signal reaches its run (W1), and what a caller can mend who repeats it (J4). The sweeper is off:
// it would make up for what goes missing.
import { expect, it } from "vitest";
import { type Engine, sendSignal } from "../../lib/engine/index.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { Lab } from "./lab.ts";

const waits = workflow("waits", async (ctx) => await ctx.waitForSignal("go"));
const go = { name: "go", payload: "heard", idempotencyKey: "k" };

/** The lab's engine, with something that happens before each call of a method. */
function engineWith(lab: Lab, before: (call: string) => Promise<void> | void): Engine {
  const seen = <Port extends object>(port: Port, name: string): Port =>
    new Proxy(port, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== "function") return value;
        return async (...args: unknown[]): Promise<unknown> => {
          await before(`${name}.${String(key)}`);
          return await Reflect.apply(value, target, args);
        };
      },
    });
  const { store, activations } = lab.ports;
  const runs = seen(store.runs, "runs");
  const journal = seen(store.journal, "journal");
  const ports = {
    ...lab.ports,
    store: { runs, journal, index: store.index, limits: store.limits },
    activations: seen(activations, "queue"),
  };
  return { ...lab.engine, ports };
}

async function suspended(): Promise<{ readonly lab: Lab; readonly runId: string }> {
  const lab = new Lab([waits], { sweepEveryMs: "never" });
  const runId = await lab.start(waits);
  await lab.until(async () => (await lab.run(runId)).status === "suspended");
  return { lab, runId };
}

it("a signal is stored before its cause is counted, and counted before it is announced (W1)", async () => {
  const { lab, runId } = await suspended();
  const calls: string[] = [];
  await sendSignal(
    engineWith(lab, (call) => void calls.push(call)),
    { runId, ...go },
  );
  const order = ["journal.putFact", "runs.raise", "queue.send"];
  expect(calls.filter((call) => order.includes(call))).toEqual(order);
});

it("a signal whose sender died before it was announced is announced when it is sent again (J4)", async () => {
  const { lab, runId } = await suspended();
  const dying = engineWith(lab, (call) => {
    if (call === "runs.raise") throw new Error("died");
  });
  await expect(sendSignal(dying, { runId, ...go })).rejects.toThrow("died");
  await sendSignal(lab.engine, { runId, ...go });
  expect(await lab.result(runId)).toBe("heard");
});

it("a signal that is stored while its run ends is refused: nobody will read it (C1)", async () => {
  const { lab, runId } = await suspended();
  const late = engineWith(lab, async (call) => {
    if (call !== "journal.putFact") return;
    await lab.signal(runId, "go", "first");
    await lab.result(runId);
  });
  await expect(sendSignal(late, { runId, ...go })).rejects.toThrow("E_RUN_CLOSED");
});
