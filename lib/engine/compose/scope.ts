// `ctx.scope`: a namespace for names, so that a piece of workflow can be used again. Nothing is recorded of a scope
// itself: its calls carry it in their ids.
import type { Context } from "../../sdk/context.ts";
import type { DurablePromise } from "../../sdk/durable-promise.ts";
import { checkName } from "../../sdk/names.ts";
import { checkFunction } from "../../sdk/options.ts";
import { cancelled, durable, idOrFault } from "../call-factory.ts";
import type { Execution } from "../execution.ts";

/** How a call of a context opens scopes below its own. */
export interface Enter {
  readonly execution: Execution;
  /** Empty, or ends with '/'. */
  readonly prefix: string;
  readonly contextOf: (prefix: string) => Context;
}

/** One scope that has been opened. */
export interface Opened {
  readonly id: string;
  /** The context of the scope, or of a part of it. */
  context(part?: string): Context;
  /** What waits below it, or below a part of it, rejects with `CancelledError`. */
  cancel(reason?: string, part?: string): void;
  /** Nobody wants it any more: the run was cancelled, or the code has given up the scope or one around it. */
  isUnwanted(): boolean;
}

/** Nothing when the code may not make calls now, or the name is ambiguous: then the scope never settles. */
export function openScope(
  { execution, prefix, contextOf }: Enter,
  what: string,
  name: string,
): Opened | undefined {
  checkName(what, name);
  execution.checkReach(`${what} "${name}"`, `${prefix}${name}`);
  if (!execution.admits(`ctx ${what} "${name}"`, false)) return undefined;
  const id = idOrFault(execution, "scope", `${prefix}${name}`);
  if (id === undefined) return undefined;
  const below = (part?: string) => (part === undefined ? `${id}/` : `${id}/${part}/`);
  return {
    id,
    context: (part) => contextOf(below(part)),
    cancel(reason, part) {
      execution.checkReach(`the cancel of ${what} "${id}"`, id);
      if (!execution.admits(`cancel of ${what} "${id}"`, false)) return;
      execution.givenUp.add(below(part));
      execution.calls.withdrawBelow(below(part), (call) => cancelled(`${call.kind} "${call.id}"`, reason));
    },
    isUnwanted: () => execution.end.isCancelled || execution.givenUp.has(id),
  };
}

export function runScope(
  enter: Enter,
  name: string,
  body: (scope: Context) => Promise<unknown>,
): DurablePromise<unknown> {
  return inScope(enter, "scope", name, (scope) => {
    checkFunction(`The body of scope "${name}"`, body, ", the second argument of ctx.scope");
    return { done: (async () => body(scope.context()))(), cancel: (reason) => scope.cancel(reason) };
  });
}

/** What goes on in a scope: its promise, and how it is given up. */
export interface UnderWay {
  readonly done: Promise<unknown>;
  readonly cancel: (reason?: string) => void;
}

/** Opens a scope and begins something in it. What is thrown before it has begun rejects the promise. */
export function inScope(
  enter: Enter,
  what: string,
  name: string,
  begin: (scope: Opened) => UnderWay,
): DurablePromise<unknown> {
  let underWay: UnderWay | undefined;
  const promise = new Promise<unknown>((resolve, reject) => {
    const scope = openScope(enter, what, name);
    if (scope === undefined) return;
    underWay = begin(scope);
    underWay.done.then(resolve, reject);
  });
  return durable(promise, (reason) => underWay?.cancel(reason));
}
