// Which turn of a loop the running code belongs to. Replay leaves finished turns out, so a turn may reach outside itself
// only with what it answers: a call on the context around it would be missing after a fold. Only the chain of awaits knows
// whose code is running, whatever result it is that woke it.
import { AsyncLocalStorage } from "node:async_hooks";
import { PerdureError } from "../sdk/errors.ts";

export class Bodies {
  #scopes: AsyncLocalStorage<string> | undefined;
  readonly #loops = new Set<string>();

  /** Runs the code of a turn; `scope` is what the ids of its calls begin with. */
  run<Result>(scope: string, body: () => Result): Result {
    this.#scopes ??= new AsyncLocalStorage();
    return this.#scopes.run(scope, body);
  }

  /** The loop may have further turns, from its first one until it `ends`. */
  begins(loop: string): void {
    this.#loops.add(loop);
  }

  ends(loop: string): void {
    this.#loops.delete(loop);
  }

  /** Whether a call lies in a loop under way that the running code is not itself a turn of. */
  isOfInnerLoop(id: string): boolean {
    const { scope } = this;
    return [...this.#loops].some((loop) => loop.startsWith(scope) && id.startsWith(`${loop}/`));
  }

  /** What ids of the running code must begin with: nothing outside loops. */
  get scope(): string {
    return this.#scopes?.getStore() ?? "";
  }

  /** @throws E_BAD_OPTION when the running code is a turn of a loop, and `id` lies outside of it */
  check(what: string, id: string): void {
    const { scope } = this;
    if (id.startsWith(scope)) return;
    const [, loop = "", turn = ""] = /^(.*)\/(\d+)\/$/.exec(scope) ?? [];
    throw new PerdureError(
      "E_BAD_OPTION",
      `Turn ${turn} of loop "${loop}" has used ${what} of a context outside of it; use the one that the turn is given.`,
    );
  }
}
