// The code of docs/guides/ending.md.
import { CancelledError, workflow } from "perdure";
import { createTestEnvironment } from "perdure/testing";
import { describe, expect, it } from "vitest";

const cloud = {
  rented: new Set<string>(),
  rent: (key: string) => {
    cloud.rented.add(key);
    return key;
  },
  giveBack: (machine: string) => void cloud.rented.delete(machine),
};

const machine = workflow("machine", { timeout: "30 days" }, async (ctx) => {
  const rented = await ctx.step("rent", (s) => cloud.rent(s.idempotencyKey));
  try {
    await ctx.sleep("use it", "8 hours");
  } finally {
    // Also when the run is cancelled: calls made from now on work as always.
    await ctx.step("give back", () => cloud.giveBack(rented));
  }
});

const report = workflow("report", async (ctx) => {
  try {
    await ctx.sleep("collect", "1 day");
    return "complete";
  } catch (error) {
    if (!(error instanceof CancelledError)) throw error;
    return "as far as it got";
  }
});

describe("the guide to ending", () => {
  it("cleans up when it is cancelled", async () => {
    const environment = createTestEnvironment({ workflows: [machine] });
    const run = await environment.start(machine, undefined);
    await environment.advance("1 hour");
    expect(cloud.rented.size).toBe(1);
    await run.cancel("not needed any more");
    await expect(run.result()).rejects.toThrow(CancelledError);
    expect(await run.status()).toBe("cancelled");
    expect(cloud.rented.size).toBe(0);
  });

  it("may have a result all the same", async () => {
    const environment = createTestEnvironment({ workflows: [report] });
    const run = await environment.start(report, undefined);
    await environment.settle();
    await run.cancel();
    expect(await run.result()).toBe("as far as it got");
    expect(await run.status()).toBe("succeeded");
  });
});
