// `ctx.map`: one piece of work for each item, each in a scope of its own: `<name>/<key>/`, where the key is the index or
// what the author makes of the item.
import type { BatchOptions, MapKey } from "../../sdk/batch.ts";
import type { Context } from "../../sdk/context.ts";
import type { DurablePromise } from "../../sdk/durable-promise.ts";
import { PerdureError } from "../../sdk/errors.ts";
import { checkName } from "../../sdk/names.ts";
import { checkFunction, shown } from "../../sdk/options.ts";
import { isTolerant, policyOf } from "./batch-options.ts";
import { fanOut, unlessFailed } from "./fan-out.ts";
import { type Enter, inScope } from "./scope.ts";

type Body = (scope: Context, item: unknown, index: number) => unknown;

export function mapItems(
  enter: Enter,
  name: string,
  items: readonly unknown[],
  body: Body,
  options: BatchOptions & MapKey<unknown>,
): DurablePromise<unknown> {
  return inScope(enter, "map", name, (scope) => {
    const what = `map "${name}"`;
    if (!Array.isArray(items))
      throw new PerdureError(
        "E_BAD_OPTION",
        `The items of ${what} are ${shown(items)}; they must be an array.`,
      );
    checkFunction(`The body of ${what}`, body, ", the third argument of ctx.map");
    const policy = policyOf(what, options, items.length, ["key"]);
    const keys = keysOf(what, items, options.key);
    const keyOf = (index: number) => keys[index] ?? "";
    const pieces = {
      count: items.length,
      keyOf,
      run: async (index: number) => body(scope.context(keyOf(index)), items[index], index),
      cancel: (index: number, reason: string) => scope.cancel(reason, keyOf(index)),
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

/** Two items of one key would share the identities of their steps. */
function keysOf(what: string, items: readonly unknown[], key: MapKey<unknown>["key"]): readonly string[] {
  if (key === undefined) return items.map((_, index) => String(index));
  if (typeof key !== "function")
    throw new PerdureError(
      "E_BAD_OPTION",
      `key of ${what} is ${shown(key)}; it must be a function that names an item.`,
    );
  const indexes = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    const name: unknown = key(item, index);
    checkName(`part of ${what} (the key of item ${index})`, name);
    const twin = indexes.get(name);
    if (twin !== undefined)
      throw new PerdureError(
        "E_BAD_OPTION",
        `Items ${twin} and ${index} of ${what} both have the key ${shown(name)}; keys must differ.`,
      );
    indexes.set(name, index);
  }
  return [...indexes.keys()];
}
