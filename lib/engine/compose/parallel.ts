// `ctx.parallel`: branches with names, or in a list, each in a scope of its own: `<name>/<branch>/`.
import type { BatchOptions } from "../../sdk/batch.ts";
import type { Context } from "../../sdk/context.ts";
import type { DurablePromise } from "../../sdk/durable-promise.ts";
import { PerdureError } from "../../sdk/errors.ts";
import { checkName } from "../../sdk/names.ts";
import { checkFunction, shown } from "../../sdk/options.ts";
import { isTolerant, policyOf } from "./batch-options.ts";
import { fanOut, unlessFailed } from "./fan-out.ts";
import { type Enter, inScope } from "./scope.ts";

type Branch = (scope: Context) => unknown;
type Branches = readonly Branch[] | Readonly<Record<string, Branch>>;

export function parallel(
  enter: Enter,
  name: string,
  branches: Branches,
  options: BatchOptions,
): DurablePromise<unknown> {
  return inScope(enter, "parallel", name, (scope) => {
    const what = `parallel "${name}"`;
    const named = namedBranches(what, branches);
    const keyOf = (index: number) => named[index]?.[0] ?? "";
    const pieces = {
      count: named.length,
      keyOf,
      run: async (index: number) => named[index]?.[1](scope.context(keyOf(index))),
      cancel: (index: number, reason: string) => scope.cancel(reason, keyOf(index)),
      isUnwanted: () => scope.isUnwanted(),
    };
    const policy = policyOf(what, options, named.length);
    const isTold = isTolerant(options);
    const done = fanOut(pieces, policy).then((end) => {
      const batch = unlessFailed(what, end, isTold);
      if (isTold) return batch;
      if (Array.isArray(branches)) return batch.values;
      return Object.fromEntries(named.map(([key], index) => [key, batch.values[index]]));
    });
    return { done, cancel: (reason) => scope.cancel(reason) };
  });
}

function namedBranches(what: string, branches: Branches): readonly (readonly [string, Branch])[] {
  if (typeof branches !== "object" || branches === null)
    throw new PerdureError(
      "E_BAD_OPTION",
      `The branches of ${what} are ${shown(branches)}; they must be an object or an array of functions.`,
    );
  const named = Object.entries<Branch>(branches as Readonly<Record<string, Branch>>);
  for (const [key, branch] of named) {
    checkName("branch", key);
    checkFunction(`Branch "${key}" of ${what}`, branch);
  }
  return named;
}
