// `ctx.loop`: turn after turn, each in a scope of its own: `<name>/<turn>/`. At the end of a turn what it has left open is
// given up, as at the end of a run, and the state of the next one is recorded: from then on replay begins there
// (folds.ts).
//
//   turn 0 ──► answers { next } ──► what is open is given up, and told so ──► loop.turned ──► turn 1 ──► …
import type { Context } from "../../sdk/context.ts";
import type { DurablePromise } from "../../sdk/durable-promise.ts";
import { CancelledError, PerdureError } from "../../sdk/errors.ts";
import type { Turn } from "../../sdk/loop.ts";
import { checkFunction } from "../../sdk/options.ts";
import type { LoopCall } from "../call.ts";
import { cancelled } from "../call-factory.ts";
import { decode, type Encoded, encode } from "../codec.ts";
import type { Execution } from "../execution.ts";
import { scopeOfTurn } from "../folds.ts";
import { type Enter, inScope, type Opened } from "./scope.ts";

type Body = (scope: Context, state: unknown, turn: number) => Promise<Turn<unknown>>;

/** Where a loop stands. */
interface Standing {
  readonly turn: number;
  readonly state: unknown;
}

export function runLoop(enter: Enter, name: string, state: unknown, body: Body): DurablePromise<unknown> {
  return inScope(enter, "loop", name, (scope) => {
    checkFunction(`The body of loop "${name}"`, body, ", the third argument of ctx.loop");
    const loop = new Loop(enter.execution, scope, body);
    return { done: loop.run(encode(state)), cancel: (reason) => loop.cancel(reason) };
  });
}

class Loop {
  readonly #execution: Execution;
  readonly #scope: Opened;
  readonly #body: Body;
  /** Begun by code that cleans up after a cancellation. */
  readonly #isCleaningUp: boolean;
  /** Begun where the code has given up a scope around it. */
  readonly #isInGivenUp: boolean;
  #cancelled: CancelledError | undefined;

  constructor(execution: Execution, scope: Opened, body: Body) {
    this.#execution = execution;
    this.#scope = scope;
    this.#body = body;
    this.#isCleaningUp = execution.end.isCancelled;
    this.#isInGivenUp = execution.givenUp.has(scope.id);
  }

  async run(first: Encoded): Promise<unknown> {
    const { bodies } = this.#execution;
    bodies.begins(this.#scope.id);
    try {
      return await this.#turns(first);
    } finally {
      bodies.ends(this.#scope.id);
    }
  }

  async #turns(first: Encoded): Promise<unknown> {
    const { folds } = this.#execution;
    const { id } = this.#scope;
    let standing: Standing = folds.knows(id)
      ? await this.#next(undefined)
      : { turn: 0, state: decode(first) };
    for (;;) {
      const answer = await this.#turn(standing);
      if ("done" in answer) return answer.done;
      const next = { turn: standing.turn + 1, state: encode(answer.next) };
      await this.#execution.end.closeScope(scopeOfTurn(id, standing.turn));
      this.#checkGoesOn();
      standing = await this.#next(next);
    }
  }

  cancel(reason: string | undefined): void {
    const { calls } = this.#execution;
    const { id } = this.#scope;
    this.#cancelled = cancelled(`loop "${id}"`, reason);
    this.#scope.cancel(reason);
    const call = calls.find("loop", id);
    // What the journal says of a turn to come, it says of a loop that has not ended.
    if (call?.kind === "loop" && call.next !== undefined) calls.withdraw(call, this.#cancelled);
  }

  /** A turn may have caught what it was told; nothing would ever tell the next one. */
  #checkGoesOn(): void {
    const { givenUp, end } = this.#execution;
    const { id } = this.#scope;
    if (this.#cancelled !== undefined) throw this.#cancelled;
    if (end.isCancelled && !this.#isCleaningUp)
      throw new CancelledError(`the run was cancelled in a turn of loop "${id}"`);
    if (givenUp.has(id) && !this.#isInGivenUp)
      throw new CancelledError(`a scope around loop "${id}" was cancelled in one of its turns`);
  }

  async #turn({ turn, state }: Standing): Promise<Turn<unknown>> {
    const { bodies } = this.#execution;
    const context = this.#scope.context(String(turn));
    const answer: unknown = await bodies.run(scopeOfTurn(this.#scope.id, turn), async () =>
      this.#body(context, state, turn),
    );
    const isAnswer = typeof answer === "object" && answer !== null && "next" in answer !== "done" in answer;
    if (isAnswer) return answer as Turn<unknown>;
    const what = `Turn ${turn} of loop "${this.#scope.id}" answered neither { next } nor { done }.`;
    throw new PerdureError("E_BAD_OPTION", what);
  }

  /** Waits for the entry that begins a turn: this one's successor, or the one that replay goes on from. */
  #next(next: LoopCall["next"]): Promise<Standing> {
    const execution = this.#execution;
    const { id } = this.#scope;
    return new Promise<Standing>((resolve, reject) => {
      if (!execution.admits(`the end of a turn of loop "${id}"`, false)) return;
      const call: LoopCall = {
        kind: "loop",
        id,
        key: execution.keyOf(id),
        name: id,
        turn: execution.turn,
        settled: false,
        withdrawn: false,
        resolve: (standing) => resolve(standing as Standing),
        reject,
        next,
      };
      execution.calls.add(call);
    });
  }
}
