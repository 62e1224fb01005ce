// What an author may say about flow control, and how he is told what is wrong with it.
import * as v from "valibot";
import { describe, expect, expectTypeOf, it } from "vitest";
import { workflow } from "../../lib/sdk/workflow.ts";

const define = (options: object) => () => workflow("orders", options as never, async () => {});

describe("flow control", () => {
  it("is nothing when nothing is said", () => {
    expect(workflow("orders", async () => {}).flowControl).toEqual({});
  });

  it("is kept as it was checked", () => {
    const key = () => "k";
    const { flowControl } = workflow(
      "orders",
      {
        concurrency: [{ limit: 3 }, { limit: 1, key }],
        rate: { limit: 7, per: "1 minute", burst: 2 },
        singleton: { onConflict: "wait", key },
      },
      async () => {},
    );
    expect(flowControl).toEqual({
      whole: { limit: 3 },
      keyed: { limit: 1, key },
      rate: { intervalMs: 8_572, burst: 2 },
      singleton: { onConflict: "wait", key },
    });
  });

  it("gives a key the input as its schema makes it", () => {
    workflow(
      "orders",
      {
        input: v.object({ customer: v.string(), lines: v.pipe(v.string(), v.transform(Number)) }),
        concurrency: {
          limit: 1,
          key: (input) => {
            expectTypeOf(input).toEqualTypeOf<{ customer: string; lines: number }>();
            return input.customer;
          },
        },
        singleton: { onConflict: "wait", key: ({ customer }) => customer },
      },
      async (_, input) => input.lines,
    );
  });

  it.each([
    [
      { concurrency: 5 },
      'The concurrency of workflow "orders" was given 5; its options are an object with: limit, key.',
    ],
    [{ concurrency: null }, 'The concurrency of workflow "orders" was given null; its options are'],
    [{ concurrency: {} }, 'limit in the concurrency of workflow "orders" is undefined'],
    [{ concurrency: { limit: 0 } }, "is 0; it must be a whole number from 1 to 1000"],
    [{ concurrency: { limit: 1.5 } }, "is 1.5; it must be a whole number"],
    [{ concurrency: { limit: 1_001 } }, "from 1 to 1000"],
    [{ concurrency: { limit: 1, keys: "x" } }, 'has no option "keys"; there are: limit, key'],
    [
      { concurrency: { limit: 1, key: "customer" } },
      'key in the concurrency of workflow "orders" is "customer"',
    ],
    [{ concurrency: [{ limit: 1 }, { limit: 2 }] }, "has two limits without a key"],
    [{ concurrency: [null] }, "was given null; its options are an object with: limit, key."],
    [{ rate: null }, 'The rate of workflow "orders" was given null'],
    [{ rate: { limit: 1 } }, 'per in the rate of workflow "orders"'],
    [{ rate: { limit: 0, per: "1s" } }, 'limit in the rate of workflow "orders" is 0'],
    [{ rate: { limit: 2_000, per: "1s" } }, "is 2000 in 1000 ms; more than one in a millisecond"],
    [{ rate: { limit: 2, per: "1s", burst: 3 } }, 'burst in the rate of workflow "orders" is 3'],
    [{ rate: { limit: 2, per: "soon" } }, "per in the rate"],
    [
      { singleton: {} },
      'onConflict in the singleton of workflow "orders" is undefined; it must be "use-existing"',
    ],
    [{ singleton: true }, "was given true; its options are an object with: key, onConflict."],
    [{ singleton: { onConflict: "wait", limit: 1 } }, 'has no option "limit"'],
  ])("%j is refused when the workflow is defined", (options, why) => {
    expect(define(options)).toThrow(why);
    expect(define(options)).toThrow("E_BAD_OPTION");
  });
});
