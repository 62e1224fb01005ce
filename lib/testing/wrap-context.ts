// A context whose functions that touch the outside - bodies of steps, undos, checks, hand-outs of tokens - go through
// somebody's hands before the engine gets them, those of inner contexts too. Everything else is the context's own.
import type { ApprovalOptions, Submit } from "../sdk/callback.ts";
import type { Compensations, Context } from "../sdk/context.ts";
import type { Check, CompensateOptions, StepBody, StepOptions, Undo } from "../sdk/step.ts";

/** Answers what runs instead of `own`. `name` is the step's in its own scope; of an undo it ends with `#undo`. */
export type Wrap = (name: string, own: StepBody<unknown>) => StepBody<unknown>;

type Inner = (scope: Context, ...rest: readonly unknown[]) => unknown;

export function wrapContext(ctx: Context, wrap: Wrap): Context {
  const inner = (body: unknown) =>
    isFunction<Inner>(body)
      ? (scope: Context, ...rest: readonly unknown[]) => body(wrapContext(scope, wrap), ...rest)
      : body;
  // What is no function is the engine's to refuse.
  const wrapped: Readonly<Record<string, (...args: readonly unknown[]) => readonly unknown[]>> = {
    step: (name, body, options) => [
      name,
      isFunction<StepBody<unknown>>(body) ? wrap(String(name), body) : body,
      ...withUndo(String(name), options, wrap),
    ],
    waitForCondition: (name, check, ...rest) => [name, checkOf(String(name), check, wrap), ...rest],
    waitForCallback: (name, submit, ...rest) => [name, submitOf(String(name), submit, wrap), ...rest],
    waitForApproval: (name, options, ...rest) => [name, askingOf(String(name), options, wrap), ...rest],
    scope: (name, body, ...rest) => [name, inner(body), ...rest],
    loop: (name, state, body, ...rest) => [name, state, inner(body), ...rest],
    map: (name, items, body, ...rest) => [name, items, inner(body), ...rest],
    parallel: (name, branches, ...rest) => [name, innerOfAll(branches, inner), ...rest],
  };
  return new Proxy(ctx, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (key === "compensations") return compensationsOf(target.compensations, wrap);
      if (typeof value !== "function") return value;
      const change = wrapped[String(key)];
      return change === undefined
        ? value.bind(target)
        : (...args: readonly unknown[]) => Reflect.apply(value, target, change(...args));
    },
  });
}

function withUndo(name: string, options: unknown, wrap: Wrap): readonly unknown[] {
  if (options === undefined) return [];
  const compensate = isObject(options) ? (options as StepOptions).compensate : undefined;
  return [compensate === undefined ? options : { ...options, compensate: undoOf(name, compensate, wrap) }];
}

function undoOf(name: string, compensate: unknown, wrap: Wrap): unknown {
  if (isFunction<Undo<unknown>>(compensate)) return wrappedUndo(name, compensate, wrap);
  if (!isObject(compensate)) return compensate;
  const { undo } = compensate as Exclude<CompensateOptions<unknown>, Undo<unknown>>;
  return isFunction<Undo<unknown>>(undo)
    ? { ...compensate, undo: wrappedUndo(name, undo, wrap) }
    : compensate;
}

function wrappedUndo(name: string, undo: Undo<unknown>, wrap: Wrap): Undo<unknown> {
  return (value, step) => wrap(`${name}#undo`, async (told) => await undo(value, told))(step);
}

function checkOf(name: string, check: unknown, wrap: Wrap): unknown {
  if (!isFunction<Check<unknown>>(check)) return check;
  const checked: Check<unknown> = (step, previous) =>
    wrap(name, async (told) => await check(told, previous))(step);
  return checked;
}

function submitOf(name: string, submit: unknown, wrap: Wrap): unknown {
  if (!isFunction<Submit>(submit)) return submit;
  const submitted: Submit = (token, step) =>
    wrap(`${name}/submit`, async (told) => await submit(token, told))(step);
  return submitted;
}

function askingOf(name: string, options: unknown, wrap: Wrap): unknown {
  if (!isObject(options)) return options;
  const { to, escalate } = options as ApprovalOptions;
  const asking = (own: unknown, id: string): unknown =>
    isFunction<ApprovalOptions["to"]>(own)
      ? (...[request, step]: Parameters<ApprovalOptions["to"]>) =>
          wrap(id, async (told) => await own(request, told))(step)
      : own;
  return {
    ...options,
    to: asking(to, `${name}/submit`),
    ...(isObject(escalate) ? { escalate: { ...escalate, to: asking(escalate.to, `${name}/escalate`) } } : {}),
  };
}

function innerOfAll(branches: unknown, inner: (body: unknown) => unknown): unknown {
  if (Array.isArray(branches)) return branches.map(inner);
  if (!isObject(branches)) return branches;
  return Object.fromEntries(Object.entries(branches).map(([key, body]) => [key, inner(body)]));
}

function compensationsOf(own: Compensations, wrap: Wrap): Compensations {
  return {
    add: (name, undo) =>
      own.add(name, isFunction<StepBody<unknown>>(undo) ? wrap(`${name}#undo`, undo) : undo),
    run: () => own.run(),
    forget: () => own.forget(),
  };
}

function isFunction<F extends (...args: never[]) => unknown>(value: unknown): value is F {
  return typeof value === "function";
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
