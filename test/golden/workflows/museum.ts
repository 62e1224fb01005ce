// Values that JSON would lose, through input, step, step handler, signal and result; undefined too.
import { workflow } from "perdure";
import type { Golden } from "../golden.ts";

const exhibits = () => ({
  date: new Date(Date.UTC(2026, 1, 3)),
  map: new Map<unknown, unknown>([
    ["a", 1n],
    [{ key: true }, new Set([1, "1"])],
  ]),
  big: -(2n ** 70n),
  bytes: new Uint8Array([0, 127, 255]),
  numbers: [Number.NaN, Number.NEGATIVE_INFINITY, -0],
  nothing: undefined,
  holes: [undefined, null],
  error: new RangeError("broken", { cause: new Error("old", { cause: "age" }) }),
});

export const golden: Golden = {
  workflow: workflow("museum", async (ctx, input) => {
    const shown = await ctx.step("show", () => exhibits());
    const lent = await ctx.step("lend", () => ({ ...shown, empty: undefined }), { on: "shipping" });
    const nothing = await ctx.step("rest", () => undefined);
    const given = await ctx.waitForSignal("gift");
    const { error } = lent;
    const causes = [error instanceof RangeError, error.message, (error.cause as Error).cause];
    return { input, shown: { ...shown, error: undefined }, map: lent.map, nothing, given, causes };
  }),
  input: exhibits().map,
  signals: [{ name: "gift", payload: exhibits().date, key: "k1" }],
  outcome: {
    status: "succeeded",
    value: {
      input: exhibits().map,
      shown: { ...exhibits(), error: undefined },
      map: exhibits().map,
      nothing: undefined,
      given: exhibits().date,
      causes: [true, "broken", "age"],
    },
  },
};
