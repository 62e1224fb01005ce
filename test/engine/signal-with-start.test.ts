// A signal with start that meets a run which is there, or comes to be there at the same time.
import { describe, expect, it } from "vitest";
import { signalWithStart, startRun } from "../../lib/engine/index.ts";
import { workflow } from "../../lib/sdk/index.ts";
import { Lab } from "./lab.ts";

const cart = workflow("cart", async (ctx, input) => [input, await ctx.waitForSignal("add")]);
const other = workflow("other", async (ctx) => ctx.waitForSignal("add"));
const request = { workflow: "cart", runId: "cart-7", name: "add", payload: "tea" };

/** Somebody else starts the run just after it was looked for. */
function startMeanwhile(lab: Lab, name: string): void {
  const { runs } = lab.store;
  const get = runs.get.bind(runs);
  runs.get = async (runId) => {
    runs.get = get;
    const standing = await get(runId);
    await startRun(lab.engine, { workflow: name, input: "of another", runId });
    return standing;
  };
}

describe("a signal with start", () => {
  it("reaches the run that is there, whatever input that one was started with", async () => {
    const lab = new Lab([cart]);
    await startRun(lab.engine, { workflow: "cart", input: "first", runId: "cart-7" });
    expect(await signalWithStart(lab.engine, { ...request, input: "second" })).toMatchObject({
      created: false,
      stored: true,
    });
    expect(await lab.result("cart-7")).toEqual(["first", "tea"]);
  });

  it("reaches the run that somebody else starts with other input at the same time (J4)", async () => {
    const lab = new Lab([cart]);
    startMeanwhile(lab, "cart");
    expect(await signalWithStart(lab.engine, { ...request, input: "mine" })).toMatchObject({
      created: false,
      stored: true,
    });
    expect(await lab.result("cart-7")).toEqual(["of another", "tea"]);
  });

  it("is refused, and not stored, when the run that comes to be there is of another workflow", async () => {
    const lab = new Lab([cart, other]);
    startMeanwhile(lab, "other");
    const signalled = signalWithStart(lab.engine, { ...request, input: "mine" });
    await expect(signalled).rejects.toThrow("E_IDEMPOTENCY_CONFLICT");
    expect(await lab.store.journal.facts("cart-7")).toEqual([]);
  });
});
