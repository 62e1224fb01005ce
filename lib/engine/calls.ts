// The calls the code has made, by kind and id, and the rule of their names: within a kind a repeated name gets an
// occurrence number in the order of the calls. That order is the same on every replay, because results are delivered
// one at a time in journal order (D1). It is ambiguous to people, and fragile under change, when two steps of one name
// run at once and were called in different turns: their numbers then depend on which result came first. That is refused.
import { PerdureError } from "../sdk/errors.ts";
import type { Call, CallKind, StepCall } from "./call.ts";
import { isUndoId } from "./undo-id.ts";

export class Calls {
  readonly #byKey = new Map<string, Call>();
  readonly #counts = new Map<string, number>();
  readonly #open = new Set<Call>();
  readonly #withdrawn = new Set<Call>();
  readonly #openSteps = new Map<string, Set<Call>>();
  readonly #rejected = new WeakMap<object, Call>();

  /** Reserves the next id for a name. @throws E_DUPLICATE_NAME when the number would be ambiguous */
  nextId(kind: CallKind | "scope", name: string, turn: number): string {
    const [oldest] = (kind === "step" ? this.#openSteps.get(name) : undefined) ?? [];
    if (oldest !== undefined && oldest.turn !== turn) {
      throw new PerdureError(
        "E_DUPLICATE_NAME",
        `Step "${name}" was called again while "${oldest.id}" is still running, so which is which would depend on timing.`,
      );
    }
    const key = keyOf(kind, name);
    const occurrence = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, occurrence);
    return idOf(name, occurrence);
  }

  /** The id that the next call of a name gets. */
  peekId(kind: CallKind, name: string): string {
    return idOf(name, (this.#counts.get(keyOf(kind, name)) ?? 0) + 1);
  }

  add(call: Call): void {
    this.#byKey.set(keyOf(call.kind, call.id), call);
    this.#open.add(call);
    if (call.kind !== "step") return;
    const sameName = this.#openSteps.get(call.name) ?? new Set();
    this.#openSteps.set(call.name, sameName.add(call));
  }

  find(kind: CallKind, id: string): Call | undefined {
    return this.#byKey.get(keyOf(kind, id));
  }

  resolve(call: Call, value: unknown): void {
    this.#settle(call);
    call.resolve(value);
  }

  reject(call: Call, error: unknown): void {
    if (typeof error === "object" && error !== null) this.#rejected.set(error, call);
    this.#settle(call);
    call.reject(error);
  }

  /** Nobody wants the call any more. Without an error its code never hears of it again. */
  withdraw(call: Call, error: Error | undefined): void {
    if (call.settled) return;
    call.withdrawn = true;
    this.#withdrawn.add(call);
    this.#settle(call);
    if (error !== undefined) call.reject(error);
  }

  /**
   * Nobody wants what is open below a scope any more. What undoes goes on, and so do children that are to be waited for, and
   * calls of the kinds excepted.
   */
  withdrawBelow(
    scope: string,
    errorOf: ((call: Call) => Error) | undefined,
    except: readonly CallKind[] = [],
  ): void {
    for (const call of this.#open) {
      // A turn that the journal begins begins, whatever happens to its loop before.
      const isToCome = call.kind === "loop" && call.next === undefined;
      const staysOpen =
        isToCome ||
        except.includes(call.kind) ||
        isUndoId(call.id) ||
        (call.kind === "child" && call.onParentClose === "wait");
      if (call.id.startsWith(scope) && !staysOpen) this.withdraw(call, errorOf?.(call));
    }
  }

  /** Somebody waits for the step, or it is to be undone should it have happened. */
  isOutcomeWanted(call: StepCall): boolean {
    if (!call.settled) return true;
    return call.withdrawn && call.compensation !== undefined && this.find("step", call.id) === call;
  }

  /** The call whose recorded failure gave the code this error. */
  rejectedWith(error: Error): Call | undefined {
    return this.#rejected.get(error);
  }

  all(): Iterable<Call> {
    return this.#byKey.values();
  }

  /** Calls without a result, in the order they were made. */
  open(): Iterable<Call> {
    return this.#open;
  }

  /** Calls that nobody wants any more, in the order in which that came about. */
  withdrawn(): Iterable<Call> {
    return this.#withdrawn;
  }

  /** Positions of the entries that handed steps to handlers which have not answered, wanted or not. */
  *dispatched(): Iterable<number> {
    for (const calls of [this.#open, this.#withdrawn])
      for (const call of calls)
        if (call.kind === "step" && call.state.at === "dispatched") yield call.state.seq;
  }

  /** Nobody will ask for what lies below a scope again, nor make calls there. Answers what was forgotten. */
  forgetBelow(scope: string): readonly Call[] {
    const forgotten: Call[] = [];
    for (const [key, call] of this.#byKey) {
      if (!call.id.startsWith(scope)) continue;
      forgotten.push(call);
      this.#byKey.delete(key);
      this.#withdrawn.delete(call);
    }
    for (const key of this.#counts.keys())
      if (key.slice(key.indexOf(" ") + 1).startsWith(scope)) this.#counts.delete(key);
    for (const name of this.#openSteps.keys()) if (name.startsWith(scope)) this.#openSteps.delete(name);
    return forgotten;
  }

  get anyOpen(): boolean {
    return this.#open.size > 0;
  }

  #settle(call: Call): void {
    call.settled = true;
    this.#open.delete(call);
    this.#openSteps.get(call.name)?.delete(call);
  }
}

function idOf(name: string, occurrence: number): string {
  return occurrence === 1 ? name : `${name}#${occurrence}`;
}

function keyOf(kind: CallKind | "scope", id: string): string {
  return `${kind} ${id}`;
}
