// What the tests of flow control share: runs whose code says when it begins, and looks at limiters.
import { expect } from "vitest";
import { isTerminal } from "../../lib/ports/journal.ts";
import type { Context } from "../../lib/sdk/context.ts";
import type { FlowControlOptions } from "../../lib/sdk/flow-control.ts";
import { type AnyWorkflow, workflow } from "../../lib/sdk/workflow.ts";
import type { Watch } from "../../lib/testing/port-call.ts";
import { crashPoints } from "./crash-points.ts";
import type { Fate, Lab, LabOptions, PortCall } from "./lab.ts";

export interface Order {
  readonly customer: string;
}
export const byCustomer = (input: unknown) => (input as Order).customer;
export const a: Order = { customer: "a" };
export const b: Order = { customer: "b" };

/** Each message is given to two processes at once, whose calls come in between each other's. */
export const RIVALS: LabOptions & { readonly rivals: number } = { rivals: 2 };

/** Says which runs' code is between its first and its last line, however often it is replayed. */
export class Inside {
  readonly #open = new Set<string>();
  readonly order: string[] = [];
  most = 0;

  /** A workflow that sleeps between its two steps, and whose runs are told apart by their ids. */
  workflow(options: FlowControlOptions, body?: (ctx: Context) => Promise<unknown>): AnyWorkflow {
    return workflow("orders", options, async (ctx) => {
      const { runId } = ctx;
      await ctx.step("begin", () => this.begin(runId));
      if (body === undefined) await ctx.sleep("work", "1 minute");
      else await body(ctx);
      return runId;
    });
  }

  begin(runId: string): void {
    if (this.order.includes(runId)) return;
    this.#open.add(runId);
    this.order.push(runId);
  }

  /** How many have begun and have not come to their terminal entry. */
  async look(lab: Lab): Promise<number> {
    for (const runId of this.#open) {
      const last = await lab.store.journal.last(runId);
      if (last?.entries.some(isTerminal)) this.#open.delete(runId);
    }
    this.most = Math.max(this.most, this.#open.size);
    return this.#open.size;
  }

  watch(lab: Lab): Watch {
    return async () => {
      await this.look(lab);
      return "go on" as const;
    };
  }
}

export async function startAll(lab: Lab, inputs: readonly unknown[]): Promise<string[]> {
  const runIds: string[] = [];
  for (const input of inputs) {
    runIds.push(await lab.start("orders", input));
    // No two at the same instant, so that there is an order.
    await lab.clock.advance(1);
  }
  return runIds;
}

/** Each has come as far as it can before the next is started. */
export async function startInTurn(lab: Lab, inputs: readonly unknown[]): Promise<string[]> {
  const runIds: string[] = [];
  for (const input of inputs) {
    runIds.push(...(await startAll(lab, [input])));
    await lab.settle();
  }
  return runIds;
}

export async function statuses(lab: Lab, runIds: readonly string[]): Promise<string[]> {
  return await Promise.all(runIds.map(async (runId) => (await lab.run(runId)).status));
}

export async function standing(lab: Lab, limiter: string) {
  return await lab.store.limits.read({ limiter, waiters: 100 });
}

/** Nothing is left behind. */
export async function expectEmpty(lab: Lab, ...limiters: string[]): Promise<void> {
  for (const limiter of limiters)
    expect(await standing(lab, limiter), limiter).toEqual({ holders: [], waiters: [] });
}

/** Holds up all calls of a port's method that are about a run, before they are made, until they may go on. */
export function hold(lab: Lab, name: string, runId: string) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const held = { hasCome: false, goOn: resolve };
  const before = lab.watch;
  lab.watch = async (call): Promise<Fate> => {
    if (isAbout(call, name, runId)) {
      held.hasCome = true;
      await promise;
    }
    return (await before?.(call)) ?? "go on";
  };
  return held;
}

export function isAbout({ port, method, args: [request] }: PortCall, name: string, runId: string): boolean {
  const about = typeof request === "string" ? request : (request as { readonly runId: string }).runId;
  return `${port}.${method}` === name && about === runId;
}

export const WHOLE = "orders/w/";
export const MINUTE_MS = 60_000;
const MAX_CRASHES = 500;

/** Kills at each call of a lab in turn, before and after it, until a lab has fewer calls. Answers how many there were. */
export async function atEveryCrash(
  make: () => Promise<{ lab: Lab; check: () => Promise<void> }>,
): Promise<number> {
  let calls = 0;
  for (const crash of crashPoints(MAX_CRASHES)) {
    let hasCrashed = false;
    for (const fate of ["die before", "die after"] as const) {
      const { lab, check } = await make();
      const { watch } = lab;
      lab.watch = async (call) => {
        const answer = (await watch?.(call)) ?? "go on";
        calls = call.count;
        if (calls !== crash) return answer;
        hasCrashed = true;
        return fate;
      };
      await check();
    }
    if (!hasCrashed) return calls;
  }
  throw new Error(`a lab has more than ${MAX_CRASHES} calls`);
}
