// The stock example as its author would test it, with a function in place of the tables. Perdure's own tests run ctx.tx
// against a DynamoDB server.
import { createTestEnvironment, exploreCrashes } from "perdure/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { shop, transact } from "./shop.ts";
import { sale } from "./workflow.ts";

const aSale = { order: "A-1", sku: "lamp", quantity: 2 };

describe("a sale", () => {
  beforeEach(() => Object.assign(shop, { free: 3, sales: [] }));

  it("takes from the stock and notes it", async () => {
    const environment = createTestEnvironment({ workflows: [sale], transact });
    const run = await environment.start(sale, aSale);
    expect(await run.result()).toBe("sold");
    expect(shop).toEqual({ free: 1, sales: [aSale] });
  });

  it("of more than there is takes nothing and says so", async () => {
    const environment = createTestEnvironment({ workflows: [sale], transact });
    const run = await environment.start(sale, { ...aSale, quantity: 4 });
    expect(await run.result()).toBe("sold out");
    expect(shop).toEqual({ free: 3, sales: [] });
    expect(environment.events()).toMatchObject([{ type: "stock.missing", detail: { quantity: 4 } }]);
  });

  it("takes exactly once, wherever its process dies", async () => {
    const report = await exploreCrashes(sale, aSale, {
      reset: () => Object.assign(shop, { free: 3, sales: [] }),
      observe: () => shop,
      environment: { transact },
    });
    expect(report.ok, report.text).toBe(true);
  });
});
