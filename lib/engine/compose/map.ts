// `ctx.map`: one piece of work for each item, each in a scope of its own: `<name>/<index>/`.
import type { BatchOptions } from "../../sdk/batch.ts";
import type { Context } from "../../sdk/context.ts";
import type { DurablePromise } from "../../sdk/durable-promise.ts";
import { PerdureError } from "../../sdk/errors.ts";
import { isTolerant, policyOf } from "./batch-options.ts";
import { fanOut, unlessFailed } from "./fan-out.ts";
import { type Enter, inScope } from "./scope.ts";

type Body = (scope: Context, item: unknown, index: number) => unknown;

export function mapItems(
  enter: Enter,
  name: string,
  items: readonly unknown[],
  body: Body,
  options: BatchOptions,
): DurablePromise<unknown> {
  return inScope(enter, "map", name, (scope) => {
    const what = `map "${name}"`;
    if (!Array.isArray(items))
      throw new PerdureError(
        "E_BAD_OPTION",
        `The items of ${what} are ${typeof items}; they must be an array.`,
      );
    if (typeof body !== "function")
      throw new PerdureError(
        "E_BAD_OPTION",
        `The ${what} has no function; it is the third argument of ctx.map.`,
      );
    const policy = policyOf(what, options, items.length);
    const pieces = {
      count: items.length,
      keyOf: String,
      run: async (index: number) => body(scope.context(String(index)), items[index], index),
      cancel: (index: number, reason: string) => scope.cancel(reason, String(index)),
      isUnwanted: () => scope.isUnwanted(),
    };
    const isTold = isTolerant(options);
    const done = fanOut(pieces, policy).then((end) => {
      const batch = unlessFailed(what, end, isTold);
      return isTold ? batch : batch.values;
    });
    return { done, cancel: (reason) => scope.cancel(reason) };
  });
}
