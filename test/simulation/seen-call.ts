// A call of a port that has been applied, as a rule sees it, with the types of the port it was made of.
import type { Events } from "../../lib/ports/events.ts";
import type { LimitStore } from "../../lib/ports/limits.ts";
import type { Queue } from "../../lib/ports/queue.ts";
import type { Run } from "../../lib/ports/run.ts";
import type { JournalStore, RunStore } from "../../lib/ports/store.ts";
import type { Timers } from "../../lib/ports/timers.ts";
import type { SimProcess } from "./sim-process.ts";

type CallsOf<Name extends string, Port> = {
  readonly [Method in keyof Port & string as `${Name}.${Method}`]: Port[Method];
};
type Calls = CallsOf<"runs", RunStore> &
  CallsOf<"limits", LimitStore> &
  CallsOf<"journal", Required<JournalStore>> &
  CallsOf<"timers", Timers> &
  CallsOf<"events", Events> &
  CallsOf<"wakeUps", Pick<Queue, "send">>;
type Method = (...args: never[]) => Promise<unknown>;

export interface Seen<Call extends Method> {
  readonly process: SimProcess;
  readonly args: Parameters<Call>;
  readonly answer: Awaited<ReturnType<Call>>;
  /** Counts what happened in the world: of two calls the one applied first has the lower number. */
  readonly at: number;
  /** For calls of `runs`: the run just before. */
  readonly before: Run | undefined;
}

export type SeenBy<Name extends keyof Calls> = Seen<Calls[Name]>;

/** What a set of rules does about the calls it is about. */
export type Handlers = { readonly [Name in keyof Calls]?: (seen: SeenBy<Name>) => void };

/** Calls whoever is about calls of this name. The world vouches that the call is what its name says. */
export function dispatch(handlers: Handlers, name: string, seen: Seen<Method>): void {
  const table: Readonly<Record<string, ((seen: never) => void) | undefined>> = handlers;
  const handler = table[name] as ((seen: Seen<Method>) => void) | undefined;
  handler?.(seen);
}
